package sluice.floodguard;

/**
 * The windows that are looked at: those of the full length that end within the last {@code lateSeconds}. They slide by a
 * second.
 *
 * <p>Counted is by the second in which the gateway took an event, and looked at is the fullest of these windows, not the
 * newest. So it does not matter in what order partitions are read, nor how far one is behind another, as long as none is
 * further behind than that: what is late fills a window that is still looked at. Kafka Streams' own windows drop a record
 * when others of its partition are ahead of it by more than their grace, and in the topic between the two halves of this
 * topology everything is in one partition.
 */
record Windows(Limits limits, long nowMs) {
  private long firstSecond() {
    return nowMs / 1000 - limits.horizonSeconds() + 1;
  }

  /** Whether what came in this second still counts. */
  boolean holds(long second) {
    return second >= firstSecond();
  }

  /** One number for each second that counts; 0 before {@code fromSecond}. */
  long[] of(Counts counts, long fromSecond) {
    long[] seconds = counts.toArray(firstSecond(), limits.horizonSeconds());
    for (int at = 0; at < seconds.length && firstSecond() + at < fromSecond; at++) seconds[at] = 0;
    return seconds;
  }

  /** Events per second of the fullest window. */
  double fullest(long[] seconds) {
    int length = limits.windowSeconds();
    long sum = 0;
    long most = 0;
    for (int at = 0; at < seconds.length; at++) {
      sum += seconds[at];
      if (at >= length) sum -= seconds[at - length];
      most = Math.max(most, sum);
    }
    return (double) most / length;
  }
}
