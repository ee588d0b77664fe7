package sluice.floodguard;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  /** What the store holds, read once: it has bytes, and every second all of them would be parsed. */
  private final Map<SourceKey, SourceState> known = new HashMap<>();

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
    known.clear();
    try (KeyValueIterator<SourceKey, SourceState> all = sources.all()) {
      all.forEachRemaining(entry -> known.put(entry.key, entry.value));
    }
    context.schedule(CountEvents.STEP, PunctuationType.WALL_CLOCK_TIME, this::judgeAll);
  }

  @Override
  public void close() {
    metrics.forget();
  }

  @Override
  public void process(Record<SourceKey, Counts> record) {
    SourceKey key = record.key();
    if (!known.containsKey(key) && known.size() >= maxSources && key.isOneSource()) {
      key = key.withoutSource();
      metrics.untold.add(record.value().total());
    }
    SourceState state = known.computeIfAbsent(key, unknown -> SourceState.calm(Counts.none()));
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
    Traffic traffic = Traffic.of(known, windows);
    int suppressed = 0;
    for (Map.Entry<SourceKey, SourceState> entry : List.copyOf(known.entrySet())) {
      SourceKey key = entry.getKey();
      SourceState state = entry.getValue();
      boolean isCalm = state.phase() == SourceState.Phase.CALM;
      // Nearly all are calm and below any limit, and then it need not be known what the others send.
      if (!isCalm || traffic.rateOf(key) > limits.lowestUpper()) state = judgeOne(key, state, traffic, windows);
      if (state.phase() == SourceState.Phase.SUPPRESSED) suppressed++;
      keep(key, entry.getValue(), state, windows);
    }
    metrics.judged(known.size(), suppressed, traffic.rates().values());
  }

  private SourceState judgeOne(SourceKey key, SourceState state, Traffic traffic, Windows windows) {
    double others = windows.fullest(traffic.without(key));
    Verdict verdict = judge.judge(key, state, others, windows.nowMs());
    switch (verdict.action()) {
      case SUPPRESS, PROLONG -> decide(key, Decision.suppress(key, verdict, others, limits), windows.nowMs());
      case LIFT -> lift(key, windows.nowMs());
      case NONE -> {}
    }
    metrics.decided(verdict.action());
    return verdict.state();
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
    Counts counts = after.counts();
    if (isCalm && (counts.seconds().isEmpty() || !windows.holds(counts.seconds().lastKey()))) {
      sources.delete(key);
      known.remove(key);
    } else if (!after.equals(before)) {
      sources.put(key, after);
      known.put(key, after);
    }
  }

  /**
   * What everybody sent, second by second. A source that is suppressed or on probation is nobody's "everything else", or
   * one flood would hide the next. Neither are a source's own events of other types, or a flood of two types would hide
   * itself.
   */
  private record Traffic(long[] calm, Map<Sender, long[]> senders, Map<SourceKey, Double> rates) {
    private record Sender(String tenant, String source) {
      static Sender of(SourceKey key) {
        return new Sender(key.tenant(), key.source());
      }
    }

    static Traffic of(Map<SourceKey, SourceState> all, Windows windows) {
      long[] calm = windows.of(Counts.none(), 0);
      Map<Sender, long[]> senders = new HashMap<>();
      Map<SourceKey, Double> rates = new HashMap<>();
      all.forEach(
          (key, state) -> {
            long[] own = windows.of(state.counts(), 0);
            rates.put(key, windows.fullest(own));
            if (state.phase() != SourceState.Phase.CALM) return;
            addTo(calm, own);
            if (!key.isOneSource()) return;
            addTo(senders.computeIfAbsent(Sender.of(key), sender -> new long[own.length]), own);
          });
      return new Traffic(calm, senders, rates);
    }

    double rateOf(SourceKey key) {
      return rates.get(key);
    }

    long[] without(SourceKey key) {
      long[] others = calm.clone();
      long[] own = senders.get(Sender.of(key));
      if (own != null) for (int at = 0; at < others.length; at++) others[at] -= own[at];
      return others;
    }

    private static void addTo(long[] sum, long[] part) {
      for (int at = 0; at < sum.length; at++) sum[at] += part[at];
    }
  }
}
