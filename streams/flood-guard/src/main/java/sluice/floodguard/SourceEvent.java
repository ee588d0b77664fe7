package sluice.floodguard;

/**
 * What the guard reads of an event.
 *
 * @param receivedAt the gateway's clock when it took the event, in milliseconds since the epoch
 * @param origin why it is on Kafka
 */
record SourceEvent(SourceKey key, long receivedAt, Origin origin) {
  enum Origin {
    /** Posted by a producer, and here for the first time. */
    POSTED,
    /** Follows from another event: its cause was counted, and no source can be told to stop it. */
    DERIVED,
    /** A retry copy, or written by a redrive or a replay: it was counted when it came. */
    REPEATED
  }
}
