package sluice.floodguard;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/**
 * What is counted and suppressed: the events of one type that one source of one tenant sends.
 *
 * <p>An empty source, which no event has, stands for all sources that were too many to be told apart.
 */
@JsonFormat(shape = JsonFormat.Shape.ARRAY)
@JsonPropertyOrder({"tenant", "source", "type"})
record SourceKey(String tenant, String source, String type) {
  /** The same as the members of a decision's scope. */
  record Scope(String tenant, String source, String type) {}

  Scope scope() {
    return new Scope(tenant, source, type);
  }

  SourceKey withoutSource() {
    return new SourceKey(tenant, "", type);
  }

  boolean isOneSource() {
    return !source.isEmpty();
  }
}
