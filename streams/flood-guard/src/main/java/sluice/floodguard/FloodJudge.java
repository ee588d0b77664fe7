package sluice.floodguard;

import sluice.floodguard.SourceState.Phase;
import sluice.floodguard.Verdict.Action;

/**
 * Decides when a source is suppressed, and when it is let in again. Pure: time is a parameter.
 *
 * <pre>
 *           above the upper limit                    the hold is over
 *    CALM ────────────────────────▶ SUPPRESSED ────────────────────────▶ PROBATION
 *     ▲                               ▲     │ ▲                            │    │
 *     │                               │     └─┘ still above the lower      │    │
 *     │                               │         limit: prolonged           │    │
 *     │                               └────────────────────────────────────┘    │
 *     │                          above the lower limit: twice as long           │
 *     └─────────────────────────────────────────────────────────────────────────┘
 *                          for the calm time at or below it
 * </pre>
 *
 * <p>A gateway that suppresses a source keeps its events off Kafka, so that a flood cannot be seen while it is held back.
 * The only way to know whether it goes on is to let the source in again: when the hold is over it is measured anew, from
 * that moment on, against the lower limit, and a flood that has not ended is held twice as long. What is seen of a
 * suppressed source nevertheless (no gateway applies the decision, or another one allows the source) prolongs it.
 */
final class FloodJudge {
  /** What a gateway takes until it has applied a decision still counts as before it. */
  static final long SETTLE_MS = 3000;

  private final Limits limits;

  FloodJudge(Limits limits) {
    this.limits = limits;
  }

  /** @param others what all others send, events per second */
  Verdict judge(SourceKey key, SourceState state, double others, long nowMs) {
    double upper = limits.upper(others);
    double lower = limits.lower(others);
    boolean mayBeSuppressed = key.isOneSource() && !limits.exempt().contains(key.source());
    if (!mayBeSuppressed) {
      double seen = rate(state, 0, nowMs);
      boolean isSuppressed = state.phase() == Phase.SUPPRESSED;
      return new Verdict(isSuppressed ? Action.LIFT : Action.NONE, SourceState.calm(state.counts()), seen, upper);
    }
    return switch (state.phase()) {
      case CALM -> {
        double seen = rate(state, 0, nowMs);
        yield seen > upper ? suppress(state, seen, upper, nowMs) : new Verdict(Action.NONE, state, seen, upper);
      }
      case SUPPRESSED -> {
        double seen = rate(state, state.since() + SETTLE_MS, nowMs);
        long holdMs = limits.holdMs(state.floods());
        if (seen > lower) {
          // Written again when half of it is left: late enough to be rare, early enough to leave no gap.
          boolean isDue = state.until() - nowMs <= holdMs / 2;
          yield isDue
              ? new Verdict(Action.PROLONG, state.prolonged(nowMs + holdMs), seen, lower)
              : new Verdict(Action.NONE, state, seen, lower);
        }
        yield nowMs >= state.until()
            ? new Verdict(Action.LIFT, state.onProbation(nowMs), seen, lower)
            : new Verdict(Action.NONE, state, seen, lower);
      }
      case PROBATION -> {
        double seen = rate(state, state.since(), nowMs);
        if (seen > lower) yield suppress(state, seen, lower, nowMs);
        boolean isCalm = nowMs - state.since() >= limits.calmMs();
        yield new Verdict(Action.NONE, isCalm ? SourceState.calm(state.counts()) : state, seen, lower);
      }
    };
  }

  private Verdict suppress(SourceState state, double seen, double limit, long nowMs) {
    int floods = state.floods() + 1;
    return new Verdict(Action.SUPPRESS, state.suppressed(nowMs, limits.holdMs(floods), floods), seen, limit);
  }

  /** Events per second in the fullest window of what came from {@code fromMs} on. */
  private double rate(SourceState state, long fromMs, long nowMs) {
    Windows windows = new Windows(limits, nowMs);
    long firstWhole = -Math.floorDiv(-fromMs, 1000);
    return windows.fullest(windows.of(state.counts(), firstWhole));
  }
}
