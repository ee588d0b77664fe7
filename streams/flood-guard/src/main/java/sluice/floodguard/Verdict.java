package sluice.floodguard;

/**
 * What is to be done about a source, and what is known of it then.
 *
 * @param seen the rate that was judged, events per second
 * @param limit the one that it was compared with
 */
record Verdict(Action action, SourceState state, double seen, double limit) {
  enum Action {
    NONE,
    SUPPRESS,
    PROLONG,
    LIFT
  }
}
