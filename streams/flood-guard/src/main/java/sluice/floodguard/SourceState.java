package sluice.floodguard;

/**
 * What is known of one source. Times in milliseconds since the epoch.
 *
 * @param counts of the last seconds that still matter
 * @param since when the phase began; 0 while calm
 * @param until when the suppression ends; 0 in any other phase
 * @param floods how many suppressions came one after the other, without a calm time in between
 */
record SourceState(Counts counts, Phase phase, long since, long until, int floods) {
  enum Phase {
    CALM,
    SUPPRESSED,
    PROBATION
  }

  static SourceState calm(Counts counts) {
    return new SourceState(counts, Phase.CALM, 0, 0, 0);
  }

  SourceState suppressed(long now, long holdMs, int floods) {
    return new SourceState(counts, Phase.SUPPRESSED, now, now + holdMs, floods);
  }

  SourceState prolonged(long until) {
    return new SourceState(counts, phase, since, until, floods);
  }

  SourceState onProbation(long now) {
    return new SourceState(counts, Phase.PROBATION, now, 0, floods);
  }
}
