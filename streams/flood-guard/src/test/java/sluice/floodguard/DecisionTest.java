package sluice.floodguard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import sluice.floodguard.Verdict.Action;

class DecisionTest {
  private static final Limits LIMITS =
      new Limits(10, 20, 500, 5, OptionalLong.empty(), 70, 30_000, 300_000, 60_000, Set.of());

  private static Decision decide(SourceKey key, int floods) {
    SourceState state = SourceState.calm(Counts.none()).suppressed(1795860000000L, 30_000, floods);
    return Decision.suppress(key, new Verdict(Action.SUPPRESS, state, 1234.56, 500), 73.5, LIMITS);
  }

  @Test
  void explainsItselfAsGatewaysReadIt() {
    assertEquals(
        """
        {"id":"flood/default//shops/berlin/page-viewed","action":"suppress",\
        "scope":{"tenant":"default","source":"/shops/berlin","type":"page-viewed"},\
        "reason":"1235 events/s from one source over 10 s, everything else 74/s; the limit is 500/s",\
        "evidence":{"windowSeconds":10,"rate":1234.6,"others":73.5,"limit":500.0,"floods":1},\
        "by":"flood-guard","from":"2026-11-28T10:00:00Z","until":"2026-11-28T10:00:30Z"}""",
        Json.text(decide(new SourceKey("default", "/shops/berlin", "page-viewed"), 1)));
  }

  @Test
  void saysHowOftenTheFloodCameBack() {
    String reason = decide(new SourceKey("default", "/shop", "page-viewed"), 3).reason();
    assertTrue(reason.endsWith("; time 3 in a row"), reason);
  }

  @Test
  void theSameSourceHasTheSameIdAndAnotherHasAnother() {
    SourceKey key = new SourceKey("a", "/shop", "page-viewed");
    assertEquals(Decision.idOf(key), Decision.idOf(new SourceKey("a", "/shop", "page-viewed")));
    assertNotEquals(Decision.idOf(key), Decision.idOf(new SourceKey("b", "/shop", "page-viewed")));
    assertNotEquals(Decision.idOf(key), Decision.idOf(new SourceKey("a", "/shop", "order-placed")));
  }

  @Test
  void anIdIsNeverLongerThanGatewaysTake() {
    SourceKey one = new SourceKey("a", "/" + "x".repeat(511), "page-viewed");
    SourceKey other = new SourceKey("a", "/" + "x".repeat(510) + "y", "page-viewed");
    assertTrue(Decision.idOf(one).matches("flood/a/sha256:[0-9a-f]{64}/page-viewed"));
    assertNotEquals(Decision.idOf(one), Decision.idOf(other));
    String longest = Decision.idOf(new SourceKey("t".repeat(64), "/" + "x".repeat(511), "t".repeat(249)));
    assertTrue(longest.length() <= 256);
  }
}
