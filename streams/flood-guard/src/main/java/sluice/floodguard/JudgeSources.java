package sluice.floodguard;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Puts the counts of all partitions together, and once a second judges every source against everything else. One place
 * does it for all, because only there is everything known.
 *
 * <p>Forwards decisions: a suppression, or null to lift it, under the decision's id.
 */
final class JudgeSources implements Processor<SourceKey, Counts, String, Decision> {
  static final String STORE = "sources";

  private final Limits limits;
  private final int maxSources;
  private final GuardMetrics metrics;
  private final FloodJudge judge;
  private ProcessorContext<String, Decision> context;
  private KeyValueStore<SourceKey, SourceState> sources;
  private int known;

  JudgeSources(Limits limits, int maxSources, GuardMetrics metrics) {
    this.limits = limits;
    this.maxSources = maxSources;
    this.metrics = metrics;
    judge = new FloodJudge(limits);
  }

  @Override
  public void init(ProcessorContext<String, Decision> context) {
    this.context = context;
    sources = context.getStateStore(STORE);
    known = readAll().size();
    context.schedule(CountEvents.STEP, PunctuationType.WALL_CLOCK_TIME, this::judgeAll);
  }

  @Override
  public void close() {
    metrics.forget();
  }

  @Override
  public void process(Record<SourceKey, Counts> record) {
    SourceKey key = record.key();
    SourceState state = sources.get(key);
    if (state == null && known >= maxSources && key.isOneSource()) {
      key = key.withoutSource();
      state = sources.get(key);
      metrics.untold.add(record.value().total());
    }
    if (state == null) {
      known++;
      state = SourceState.calm(Counts.none());
    }
    Windows windows = new Windows(limits, context.currentSystemTimeMs());
    for (Map.Entry<Long, Long> entry : record.value().seconds().entrySet()) {
      if (windows.holds(entry.getKey())) state.counts().add(entry.getKey(), entry.getValue());
      else metrics.stale.add(entry.getValue());
    }
    state.counts().seconds().keySet().removeIf(second -> !windows.holds(second));
    sources.put(key, state);
  }

  private void judgeAll(long nowMs) {
    Windows windows = new Windows(limits, nowMs);
    List<KeyValue<SourceKey, SourceState>> all = readAll();
    Traffic traffic = Traffic.of(all, windows);
    int suppressed = 0;
    for (KeyValue<SourceKey, SourceState> entry : all) {
      SourceKey key = entry.key;
      double others = windows.fullest(traffic.without(key));
      Verdict verdict = judge.judge(key, entry.value, others, nowMs);
      SourceState state = verdict.state();
      if (state.phase() == SourceState.Phase.SUPPRESSED) suppressed++;
      switch (verdict.action()) {
        case SUPPRESS, PROLONG -> decide(key, Decision.suppress(key, verdict, others, limits), nowMs);
        case LIFT -> lift(key, nowMs);
        case NONE -> {}
      }
      metrics.decided(verdict.action());
      keep(key, entry.value, state, windows);
    }
    metrics.judged(known, suppressed, traffic.fullestOfEach());
  }

  private void decide(SourceKey key, Decision decision, long nowMs) {
    context.forward(new Record<>(Decision.idOf(key), decision, nowMs));
  }

  private void lift(SourceKey key, long nowMs) {
    context.forward(new Record<>(Decision.idOf(key), null, nowMs, Decision.liftHeaders()));
  }

  /** A source that is calm and of which nothing counts any more is forgotten. */
  private void keep(SourceKey key, SourceState before, SourceState after, Windows windows) {
    boolean isCalm = after.phase() == SourceState.Phase.CALM;
    if (isCalm && after.counts().seconds().keySet().stream().noneMatch(windows::holds)) {
      sources.delete(key);
      known--;
    } else if (!after.equals(before)) {
      sources.put(key, after);
    }
  }

  private List<KeyValue<SourceKey, SourceState>> readAll() {
    List<KeyValue<SourceKey, SourceState>> all = new ArrayList<>();
    try (KeyValueIterator<SourceKey, SourceState> iterator = sources.all()) {
      iterator.forEachRemaining(all::add);
    }
    return all;
  }

  /**
   * What everybody sent, second by second. A source that is suppressed or on probation is nobody's "everything else", or
   * one flood would hide the next. Neither are a source's own events of other types, or a flood of two types would hide
   * itself.
   */
  private record Traffic(Windows windows, long[] calm, Map<Sender, long[]> senders, List<Double> fullest) {
    private record Sender(String tenant, String source) {
      static Sender of(SourceKey key) {
        return new Sender(key.tenant(), key.source());
      }
    }

    static Traffic of(List<KeyValue<SourceKey, SourceState>> all, Windows windows) {
      long[] calm = windows.of(Counts.none(), 0);
      Map<Sender, long[]> senders = new HashMap<>();
      List<Double> fullest = new ArrayList<>();
      for (KeyValue<SourceKey, SourceState> entry : all) {
        long[] own = windows.of(entry.value.counts(), 0);
        fullest.add(windows.fullest(own));
        if (entry.value.phase() != SourceState.Phase.CALM) continue;
        addTo(calm, own);
        if (!entry.key.isOneSource()) continue;
        addTo(senders.computeIfAbsent(Sender.of(entry.key), sender -> new long[own.length]), own);
      }
      return new Traffic(windows, calm, senders, fullest);
    }

    long[] without(SourceKey key) {
      long[] others = calm.clone();
      long[] own = senders.get(Sender.of(key));
      if (own != null) for (int at = 0; at < others.length; at++) others[at] -= own[at];
      return others;
    }

    List<Double> fullestOfEach() {
      return fullest;
    }

    private static void addTo(long[] sum, long[] part) {
      for (int at = 0; at < sum.length; at++) sum[at] += part[at];
    }
  }
}
