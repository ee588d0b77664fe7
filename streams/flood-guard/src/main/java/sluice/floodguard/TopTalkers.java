package sluice.floodguard;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;

/**
 * Who sends the most, as the judge sees it. Rates are events per second in the fullest window of the last seconds.
 *
 * @param rate of all together
 * @param sources how many are told apart
 */
record TopTalkers(String at, int windowSeconds, double rate, int sources, List<Talker> talkers) {
  /**
   * @param share of all that came, 0 to 1
   * @param state calm, suppressed or probation
   * @param until when the suppression ends; absent unless suppressed
   */
  record Talker(
      String tenant, String source, String type, double rate, double share, String state, String until, int floods) {}

  static TopTalkers read(
      ReadOnlyKeyValueStore<SourceKey, SourceState> sources, Limits limits, int limit, long nowMs) {
    Windows windows = new Windows(limits, nowMs);
    List<KeyValue<SourceKey, SourceState>> all = new ArrayList<>();
    try (KeyValueIterator<SourceKey, SourceState> iterator = sources.all()) {
      iterator.forEachRemaining(all::add);
    }
    long[] seconds = windows.of(Counts.none(), 0);
    for (KeyValue<SourceKey, SourceState> entry : all) {
      long[] own = windows.of(entry.value.counts(), 0);
      for (int at = 0; at < seconds.length; at++) seconds[at] += own[at];
    }
    double total = windows.fullest(seconds);
    List<Talker> talkers =
        all.stream()
            .map(entry -> talker(entry.key, entry.value, windows, total))
            .sorted(Comparator.comparingDouble(Talker::rate).reversed())
            .limit(limit)
            .toList();
    return new TopTalkers(
        Instant.ofEpochMilli(nowMs).toString(), limits.windowSeconds(), total, all.size(), talkers);
  }

  private static Talker talker(SourceKey key, SourceState state, Windows windows, double total) {
    double rate = windows.fullest(windows.of(state.counts(), 0));
    boolean isSuppressed = state.phase() == SourceState.Phase.SUPPRESSED;
    return new Talker(
        key.tenant(),
        key.source(),
        key.type(),
        rate,
        total == 0 ? 0 : Math.round(rate / total * 1000) / 1000.0,
        state.phase().name().toLowerCase(Locale.ROOT),
        isSuppressed ? Instant.ofEpochMilli(state.until()).toString() : null,
        state.floods());
  }
}
