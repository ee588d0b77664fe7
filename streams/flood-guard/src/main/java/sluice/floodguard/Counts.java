package sluice.floodguard;

import java.util.Map;
import java.util.TreeMap;

/** Events by the second, since the epoch, in which the gateway took them. */
record Counts(TreeMap<Long, Long> seconds) {
  static Counts none() {
    return new Counts(new TreeMap<>());
  }

  void add(long second, long events) {
    seconds.merge(second, events, Long::sum);
  }

  long total() {
    return seconds.values().stream().mapToLong(Long::longValue).sum();
  }

  /** One number per second from {@code first} on. */
  long[] toArray(long first, int length) {
    long[] array = new long[length];
    for (Map.Entry<Long, Long> entry : seconds.subMap(first, first + length).entrySet()) {
      array[(int) (entry.getKey() - first)] = entry.getValue();
    }
    return array;
  }
}
