package sluice.floodguard;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Counts the events of its partitions by source and second, and hands the counts on once a second: what travels on
 * depends on how many sources there are, not on how many events.
 *
 * <p>What is not handed on yet is in the store, so that a commit in between loses nothing. Between two hand-overs the
 * store holds at most {@code maxSources} entries, and one more per tenant, type and second for all that came beyond.
 */
final class CountEvents implements Processor<byte[], SourceEvent, SourceKey, Counts> {
  static final String STORE = "slots";
  static final Duration STEP = Duration.ofSeconds(1);

  private final Limits limits;
  private final int maxSources;
  private final GuardMetrics metrics;
  private ProcessorContext<SourceKey, Counts> context;
  private KeyValueStore<Slot, Long> slots;
  private int entries;

  CountEvents(Limits limits, int maxSources, GuardMetrics metrics) {
    this.limits = limits;
    this.maxSources = maxSources;
    this.metrics = metrics;
  }

  @Override
  public void init(ProcessorContext<SourceKey, Counts> context) {
    this.context = context;
    slots = context.getStateStore(STORE);
    // What the last run had not handed on.
    try (KeyValueIterator<Slot, Long> all = slots.all()) {
      for (entries = 0; all.hasNext(); entries++) all.next();
    }
    context.schedule(STEP, PunctuationType.WALL_CLOCK_TIME, this::handOn);
  }

  @Override
  public void process(Record<byte[], SourceEvent> record) {
    SourceEvent event = record.value();
    switch (event.origin()) {
      case DERIVED -> metrics.derived.increment();
      case REPEATED -> metrics.repeated.increment();
      case POSTED -> {
        long nowMs = context.currentSystemTimeMs();
        // A gateway whose clock is ahead of ours has taken the event by now.
        long second = Math.min(event.receivedAt(), nowMs) / 1000;
        if (new Windows(limits, nowMs).holds(second)) count(new Slot(second, event.key()));
        else metrics.stale.increment();
      }
    }
  }

  private void count(Slot slot) {
    Long before = slots.get(slot);
    if (before != null) {
      slots.put(slot, before + 1);
      metrics.counted.increment();
    } else if (entries < maxSources || !slot.key().isOneSource()) {
      entries++;
      slots.put(slot, 1L);
      metrics.counted.increment();
    } else {
      Slot rest = new Slot(slot.second(), slot.key().withoutSource());
      Long beforeRest = slots.get(rest);
      slots.put(rest, beforeRest == null ? 1L : beforeRest + 1);
      metrics.untold.increment();
    }
  }

  private void handOn(long nowMs) {
    if (entries == 0) return;
    Map<SourceKey, Counts> counts = new HashMap<>();
    try (KeyValueIterator<Slot, Long> all = slots.all()) {
      while (all.hasNext()) {
        KeyValue<Slot, Long> entry = all.next();
        counts.computeIfAbsent(entry.key.key(), key -> Counts.none()).add(entry.key.second(), entry.value);
        slots.delete(entry.key);
      }
    }
    entries = 0;
    counts.forEach((key, of) -> context.forward(new Record<>(key, of, nowMs)));
  }
}
