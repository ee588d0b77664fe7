package sluice.floodguard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class WindowsTest {
  private static final Limits LIMITS =
      new Limits(10, 20, 100, 5, OptionalLong.empty(), 70, 30_000, 100_000, 60_000, Set.of());
  private static final long NOW = 1_000_000_000_500L;
  private static final long SECOND = NOW / 1000;

  private final Windows windows = new Windows(LIMITS, NOW);

  private double rate(Counts counts, long fromSecond) {
    return windows.fullest(windows.of(counts, fromSecond));
  }

  @Test
  void aSecondCountsForAsLongAsTheWindowAndTheLatenessTogether() {
    assertTrue(windows.holds(SECOND));
    assertTrue(windows.holds(SECOND - 29));
    assertFalse(windows.holds(SECOND - 30));
  }

  @Test
  void theFullestWindowIsFoundWhereverItEnds() {
    for (int late = 0; late <= 20; late++) {
      Counts counts = Counts.none();
      for (int n = 0; n < 10; n++) counts.add(SECOND - late - n, 7);
      assertEquals(7, rate(counts, 0), "late by " + late + " s");
    }
  }

  @Test
  void eventsFurtherApartThanAWindowAreNotAddedUp() {
    Counts counts = Counts.none();
    counts.add(SECOND, 50);
    counts.add(SECOND - 10, 60);
    assertEquals(6, rate(counts, 0));
  }

  @Test
  void whatCameBeforeAMomentCanBeLeftOut() {
    Counts counts = Counts.none();
    for (int n = 0; n < 10; n++) counts.add(SECOND - n, 10);
    assertEquals(10, rate(counts, 0));
    assertEquals(4, rate(counts, SECOND - 3));
  }

  /** Compared with adding up each window anew. */
  @RepeatedTest(50)
  void theFullestWindowIsThatOfANaiveSearch(RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    Counts counts = Counts.none();
    for (int n = 0; n < 40; n++) counts.add(SECOND - random.nextInt(35), random.nextInt(100));
    long most = 0;
    for (long end = SECOND - 20; end <= SECOND; end++) {
      long sum = 0;
      for (long second = end - 9; second <= end; second++) sum += counts.seconds().getOrDefault(second, 0L);
      most = Math.max(most, sum);
    }
    assertEquals(most / 10.0, rate(counts, 0));
  }
}
