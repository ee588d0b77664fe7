package sluice.floodguard;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Locale;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** A decision as every gateway reads it from {@code control.decisions}; its key there is its id. */
@JsonPropertyOrder({"id", "action", "scope", "reason", "evidence", "by", "from", "until"})
record Decision(
    String id, String action, SourceKey.Scope scope, String reason, Evidence evidence, String by, String from, String until) {
  static final String BY = "flood-guard";

  /** What gateways take. */
  private static final int MAX_ID_LENGTH = 256;

  /**
   * What the decision rests on; rates are events per second.
   *
   * @param others what all other sources sent together
   * @param floods how many suppressions of this source came one after the other
   */
  record Evidence(int windowSeconds, double rate, double others, double limit, int floods) {}

  /** The suppression that a verdict asks for. */
  static Decision suppress(SourceKey key, Verdict verdict, double others, Limits limits) {
    SourceState state = verdict.state();
    double rate = rounded(verdict.seen());
    Evidence evidence =
        new Evidence(limits.windowSeconds(), rate, rounded(others), rounded(verdict.limit()), state.floods());
    return new Decision(
        idOf(key),
        "suppress",
        key.scope(),
        describe(evidence),
        evidence,
        BY,
        Instant.ofEpochMilli(state.since()).toString(),
        Instant.ofEpochMilli(state.until()).toString());
  }

  /**
   * {@code flood/<tenant>/<source>/<type>}: the same for every suppression of a source, so that the last one written is
   * the one that holds. Neither tenants nor types have a slash. Of a source that is too long for an id, its hash.
   */
  static String idOf(SourceKey key) {
    String id = "flood/" + key.tenant() + "/" + key.source() + "/" + key.type();
    if (id.length() <= MAX_ID_LENGTH) return id;
    String hashed = "flood/" + key.tenant() + "/sha256:" + sha256(key.source()) + "/" + key.type();
    return hashed.length() <= MAX_ID_LENGTH ? hashed : "flood/sha256:" + sha256(id);
  }

  /** A tombstone has nowhere else to say who lifted the decision, and why; {@code packages/decisions} names them. */
  static Headers liftHeaders() {
    return new RecordHeaders()
        .add("lifted-by", BY.getBytes(StandardCharsets.UTF_8))
        .add("lifted-reason", "the hold is over; the source is measured anew".getBytes(StandardCharsets.UTF_8));
  }

  private static String describe(Evidence evidence) {
    String rates =
        String.format(
            Locale.ROOT,
            "%.0f events/s from one source over %d s, everything else %.0f/s; the limit is %.0f/s",
            evidence.rate(),
            evidence.windowSeconds(),
            evidence.others(),
            evidence.limit());
    return evidence.floods() == 1 ? rates : rates + "; time " + evidence.floods() + " in a row";
  }

  private static double rounded(double rate) {
    return Math.round(rate * 10) / 10.0;
  }

  private static String sha256(String text) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException error) {
      throw new IllegalStateException("Every Java has SHA-256.", error);
    }
  }
}
