package sluice.floodguard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import sluice.floodguard.SourceState.Phase;
import sluice.floodguard.Verdict.Action;

class FloodJudgeTest {
  private static final SourceKey SHOP = new SourceKey("default", "/shop", "page-viewed");
  private static final double NOBODY = 0;

  /** Upper limit 100/s unless others send more than 20/s; lower limit 70/s. */
  private static final Limits LIMITS =
      new Limits(10, 20, 100, 5, OptionalLong.empty(), 70, 30_000, 100_000, 60_000, Set.of("/ours"));

  private final FloodJudge judge = new FloodJudge(LIMITS);
  private long now = 1_000_000_000_000L;
  private SourceState state = SourceState.calm(Counts.none());
  private SourceKey key = SHOP;

  /** A second goes by in which so many events come. */
  private Action second(long events, double others) {
    now += 1000;
    state.counts().add(now / 1000, events);
    Verdict verdict = judge.judge(key, state, others, now);
    state = verdict.state();
    return verdict.action();
  }

  /** As many seconds; the last action that was one. */
  private Action seconds(int count, long events) {
    Action last = Action.NONE;
    for (int n = 0; n < count; n++) {
      Action action = second(events, NOBODY);
      if (action != Action.NONE) last = action;
    }
    return last;
  }

  private void flood() {
    int waited = 0;
    while (second(101, NOBODY) != Action.SUPPRESS) assertTrue(++waited < 15, "not suppressed");
  }

  @Test
  void aSourceAtTheLimitIsLeftAlone() {
    assertEquals(Action.NONE, seconds(60, 100));
    assertEquals(Phase.CALM, state.phase());
  }

  @Test
  void aSourceAboveTheLimitIsSuppressedForTheHoldTime() {
    flood();
    assertEquals(30_000, state.until() - state.since());
  }

  @Test
  void aFloodOfTenTimesEverythingElseIsSuppressedWithinSeconds() {
    Action action = Action.NONE;
    int waited = 0;
    while (action == Action.NONE && waited < 15) {
      action = second(1000, 100);
      waited++;
    }
    assertEquals(Action.SUPPRESS, action);
    assertTrue(waited <= 6, "after " + waited + " s");
  }

  @Test
  void whatOthersSendRaisesTheLimit() {
    for (int n = 0; n < 60; n++) assertEquals(Action.NONE, second(490, 100));
  }

  @Test
  void aRateThatIsTooMuchByItselfIsAFloodWhateverOthersSend() {
    Limits limits = new Limits(10, 20, 100, 5, OptionalLong.of(1000), 70, 30_000, 100_000, 60_000, Set.of());
    assertEquals(1000, limits.upper(100_000));
    assertEquals(100, limits.upper(0));
    assertEquals(700, limits.lower(100_000));
  }

  @Test
  void aSuppressedSourceOfWhichNothingComesIsLetInAgainWhenItsHoldIsOver() {
    flood();
    assertEquals(Action.NONE, seconds(29, 0));
    assertEquals(Phase.SUPPRESSED, state.phase());
    assertEquals(Action.LIFT, seconds(1, 0));
    assertEquals(Phase.PROBATION, state.phase());
  }

  @Test
  void whatCameBeforeTheSuppressionCannotProlongIt() {
    flood();
    // The flood's last windows are still looked at, but they began before it.
    assertEquals(Action.NONE, seconds(3, 101));
    assertEquals(Action.NONE, seconds(26, 0));
    assertEquals(Action.LIFT, seconds(1, 0));
  }

  @Test
  void aFloodThatIsStillSeenIsProlongedAndNoMoreOftenThanEachHalfHold() {
    flood();
    int prolonged = 0;
    for (int n = 0; n < 90; n++) {
      Action action = second(101, NOBODY);
      assertTrue(action == Action.NONE || action == Action.PROLONG);
      if (action == Action.PROLONG) prolonged++;
      assertTrue(state.until() > now, "there must be no gap");
    }
    assertEquals(6, prolonged);
  }

  @Test
  void betweenTheLimitsAKnownFloodGoesOnAndAnUnknownOneDoesNotBegin() {
    assertEquals(Action.NONE, seconds(60, 80));
    flood();
    assertEquals(Action.PROLONG, seconds(40, 80));
  }

  @Test
  void aFloodThatComesBackIsHeldTwiceAsLongEachTimeUpToTheLongest() {
    long[] expected = {30_000, 60_000, 100_000, 100_000};
    for (long hold : expected) {
      flood();
      assertEquals(hold, state.until() - state.since());
      while (second(0, NOBODY) != Action.LIFT) assertTrue(state.phase() == Phase.SUPPRESSED);
    }
  }

  @Test
  void onProbationTheLowerLimitHolds() {
    flood();
    while (second(0, NOBODY) != Action.LIFT) continue;
    assertEquals(Action.SUPPRESS, seconds(12, 75));
    assertEquals(2, state.floods());
  }

  @Test
  void aSourceThatBehavesOnProbationIsForgiven() {
    flood();
    while (second(0, NOBODY) != Action.LIFT) continue;
    assertEquals(Action.NONE, seconds(60, 70));
    assertEquals(Phase.CALM, state.phase());
    assertEquals(0, state.floods());
  }

  @Test
  void anOutageLongerThanTheHoldEndsInALift() {
    flood();
    now += 3_600_000;
    assertEquals(Action.LIFT, second(0, NOBODY));
  }

  @Test
  void anExemptSourceIsNeverSuppressedAndLetInAtOnceWhenItWas() {
    key = new SourceKey("default", "/ours", "page-viewed");
    assertEquals(Action.NONE, seconds(60, 10_000));
    state = state.suppressed(now, 30_000, 1);
    assertEquals(Action.LIFT, second(10_000, NOBODY));
    assertEquals(Phase.CALM, state.phase());
  }

  @Test
  void allThatCannotBeToldApartIsNotSuppressed() {
    key = SHOP.withoutSource();
    assertFalse(key.isOneSource());
    assertEquals(Action.NONE, seconds(60, 10_000));
  }
}
