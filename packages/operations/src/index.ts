export { type DeadLetter, readDeadLetter } from './dead-letter.ts'
export {
  type DeadLetterQueue,
  findDeadLetterQueue,
  listDeadLetterQueues,
  type NoQueue,
} from './dead-letter-queue.ts'
export { deadLetterDocument, surveyDocument } from './documents.ts'
export { INSTANT_FORMS, instantText, parseDuration, parseInstant } from './instant.ts'
export {
  DEFAULT_MAX_REPLAYS,
  type RedriveOptions,
  type RedriveProgress,
  type RedriveReport,
  redrive,
} from './redrive.ts'
export { readRedrivenMark } from './redriven-mark.ts'
export { rejectedDocument, rejectedSurveyDocument } from './rejected-documents.ts'
export {
  type RejectedDetail,
  type RejectedEvent,
  type Rejection,
  readRejectedEvent,
  rejectionHeaders,
} from './rejected-event.ts'
export {
  type RejectedRedriveOptions,
  type RejectedRedriveProgress,
  type RejectedRedriveReport,
  type Rejudgement,
  redriveRejected,
} from './rejected-redrive.ts'
export {
  type RejectedSelection,
  type RejectedSurvey,
  type RejectedSurveyOptions,
  readRejectedAt,
  rejectedFilters,
  surveyRejected,
} from './rejected-survey.ts'
export { type ReplayOptions, type ReplayProgress, type ReplayReport, RUN_PATTERN, replay } from './replay.ts'
export { EVERYTHING, FILTER_NAMES, filtersOf, parseFilters, type Selection } from './selection.ts'
export { createSender, REDELIVERY_LANE, type Sender } from './sender.ts'
export type { BookedOutcome, Sighting } from './sighting.ts'
export { readSpan, type Span, spanOf } from './span.ts'
export {
  type LetterGroup,
  readLetterAt,
  type Survey,
  type SurveyedLetter,
  type SurveyOptions,
  surveyDeadLetters,
} from './survey.ts'
export { HAPPENINGS, type Happening, type TailedEvent, type TailOptions, tail } from './tail.ts'
export type { TopicRole } from './topic-role.ts'
export type { EventTrace, Standing } from './trace.ts'
export { type TriedRules, type TryRulesOptions, tryRules } from './try-rules.ts'
export { defaultSince, type Whereabouts, type WhereOptions, whereIs } from './where.ts'
