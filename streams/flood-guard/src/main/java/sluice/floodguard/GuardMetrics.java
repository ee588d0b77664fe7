package sluice.floodguard;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What the guard counts, as Prometheus text. Labels are bounded: a source's name is in none of them. */
final class GuardMetrics {
  private static final int RANKS = 10;

  final LongAdder counted = new LongAdder();
  final LongAdder untold = new LongAdder();
  final LongAdder derived = new LongAdder();
  final LongAdder repeated = new LongAdder();
  final LongAdder stale = new LongAdder();
  final LongAdder deadLetters = new LongAdder();
  private final Map<Verdict.Action, LongAdder> decisions = new EnumMap<>(Verdict.Action.class);
  private volatile Judged judged = Judged.NOTHING;

  private record Judged(int sources, int suppressed, List<Double> fullest) {
    static final Judged NOTHING = new Judged(0, 0, List.of());
  }

  GuardMetrics() {
    for (Verdict.Action action : Verdict.Action.values()) decisions.put(action, new LongAdder());
  }

  void decided(Verdict.Action action) {
    decisions.get(action).increment();
  }

  void judged(int sources, int suppressed, Collection<Double> rates) {
    List<Double> fullest = new ArrayList<>(rates);
    fullest.sort(Comparator.reverseOrder());
    judged = new Judged(sources, suppressed, List.copyOf(fullest.subList(0, Math.min(RANKS, fullest.size()))));
  }

  /** Another instance judges from now on. */
  void forget() {
    judged = Judged.NOTHING;
  }

  /** @param lag records between what was read and the newest, of the partition that is furthest behind */
  String text(boolean isRunning, double lag) {
    Judged now = judged;
    StringBuilder text = new StringBuilder();
    head(text, "events_total", "counter", "Events read, by what became of them.");
    line(text, "events_total{result=\"counted\"}", counted.sum());
    line(text, "events_total{result=\"untold\"}", untold.sum());
    line(text, "events_total{result=\"derived\"}", derived.sum());
    line(text, "events_total{result=\"repeated\"}", repeated.sum());
    line(text, "events_total{result=\"stale\"}", stale.sum());
    line(text, "events_total{result=\"dead-letter\"}", deadLetters.sum());
    head(text, "decisions_total", "counter", "Decisions written, by what they do.");
    decisions.forEach(
        (action, count) -> {
          if (action == Verdict.Action.NONE) return;
          line(text, "decisions_total{action=\"" + action.name().toLowerCase(Locale.ROOT) + "\"}", count.sum());
        });
    head(text, "sources", "gauge", "Sources that are told apart now.");
    line(text, "sources", now.sources);
    head(text, "suppressed_sources", "gauge", "Sources that are suppressed now.");
    line(text, "suppressed_sources", now.suppressed);
    head(text, "top_rate", "gauge", "Events per second of the source at this rank, in its fullest window.");
    for (int rank = 0; rank < now.fullest.size(); rank++) {
      line(text, "top_rate{rank=\"" + (rank + 1) + "\"}", now.fullest.get(rank));
    }
    head(text, "lag_records", "gauge", "How far the guard is behind, of the partition that is furthest behind.");
    line(text, "lag_records", lag);
    head(text, "running", "gauge", "1 while events are counted.");
    line(text, "running", isRunning ? 1 : 0);
    head(text, "memory_bytes", "gauge", "What the heap holds.");
    line(text, "memory_bytes", Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
    return text.toString();
  }

  private static void head(StringBuilder text, String name, String kind, String help) {
    text.append("# HELP sluice_flood_guard_").append(name).append(' ').append(help).append('\n');
    text.append("# TYPE sluice_flood_guard_").append(name).append(' ').append(kind).append('\n');
  }

  private static void line(StringBuilder text, String name, double value) {
    text.append("sluice_flood_guard_").append(name).append(' ');
    if (value == Math.rint(value)) text.append((long) value);
    else text.append(value);
    text.append('\n');
  }
}
