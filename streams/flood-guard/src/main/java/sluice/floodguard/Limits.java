package sluice.floodguard;

import java.util.OptionalLong;
import java.util.Set;

/**
 * When a source floods, and for how long it is suppressed.
 *
 * @param windowSeconds over which events are counted
 * @param lateSeconds how late an event may reach the guard and still count
 * @param minRate events per second up to which no source floods, whatever the others send
 * @param ratio how many times everything else a source has to send to flood
 * @param maxRate events per second above which a source floods, whatever the others send; absent: there is no such rate
 * @param lowerPercent of the upper limit: a flood has ended when its source is at or below it
 * @param holdMs the first suppression's length; each that follows is twice as long
 * @param maxHoldMs the longest suppression
 * @param calmMs how long a source has to behave after a suppression until it counts as any other
 * @param exempt sources that are never suppressed
 */
record Limits(
    int windowSeconds,
    int lateSeconds,
    long minRate,
    double ratio,
    OptionalLong maxRate,
    int lowerPercent,
    long holdMs,
    long maxHoldMs,
    long calmMs,
    Set<String> exempt) {

  /** How many seconds, up to the present one, are kept. */
  int horizonSeconds() {
    return windowSeconds + lateSeconds;
  }

  /** The rate above which a source floods while all others together send {@code others} events per second. */
  double upper(double others) {
    double relative = Math.max(minRate, ratio * others);
    return maxRate.isPresent() ? Math.min(relative, maxRate.getAsLong()) : relative;
  }

  /** No source floods at or below this rate, whatever the others send. */
  double lowestUpper() {
    return upper(0);
  }

  double lower(double others) {
    return upper(others) * lowerPercent / 100;
  }

  long holdMs(int floods) {
    int doublings = Math.min(floods - 1, 30);
    return Math.min(holdMs << doublings, maxHoldMs);
  }
}
