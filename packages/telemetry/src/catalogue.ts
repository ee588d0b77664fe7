/**
 * Every metric that Sluice exports, in one place. `docs/metrics.md` is derived from it. Labels are bounded:
 * types, lanes, outcomes and reasons, never ids. Each process adds the label `service`.
 */
export type MetricKind = 'counter' | 'gauge' | 'histogram'

export type MetricSpec<Kind extends MetricKind = MetricKind, Label extends string = string> = {
  readonly kind: Kind
  readonly name: string
  readonly help: string
  readonly labels: readonly Label[]
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  readonly buckets?: readonly number[]
}

const LATENCY_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.25, 2.5, 5, 10, 30, 60, 300,
]
const BATCH_RECORDS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000]

export const INGEST_REQUESTS = counter('sluice_ingest_requests_total', 'Requests to the ingest endpoint.', [
  'status',
])
export const INGEST_CONNECTIONS_REFUSED = counter(
  'sluice_ingest_connections_refused_total',
  'Connections to the ingest endpoint that were closed at once, because INGEST_MAX_CONNECTIONS were open.',
  [],
)
export const INGEST_EVENTS = counter(
  'sluice_ingest_events_total',
  'Events judged by the gateway. outcome is the result status of the contract; code is empty unless it was not taken; type is empty when it is not known.',
  ['type', 'lane', 'outcome', 'code'],
)
export const FILTERED_EVENTS = counter(
  'sluice_filtered_events_total',
  'Valid events dropped, by the rule that did it; without a rule where a decision did.',
  ['type', 'rule'],
)
export const RULE_EVALUATIONS = counter(
  'sluice_rule_evaluations_total',
  'How often a rule was asked whether it matches an event.',
  ['rule'],
)
export const RULE_MATCHES = counter(
  'sluice_rule_matches_total',
  'How often a rule matched: each match of a filter drops the event, the first match of another sets its priority.',
  ['rule'],
)
export const RULE_FAILURES = counter(
  'sluice_rule_failures_total',
  'How often it could not be told whether a rule matches, because a field was absent or it would have taken too long: no match then.',
  ['rule'],
)
export const RULES_VERSION = gauge(
  'sluice_rules_version',
  'The version of the rules in force, as a number: gateways with the same rules have the same.',
  [],
)
export const RULES_LOADED = gauge(
  'sluice_rules_loaded_timestamp_seconds',
  'When the rules in force were taken, in seconds since 1970.',
  [],
)
export const IDEMPOTENCY_IDS = gauge(
  'sluice_idempotency_window_ids',
  'Accepted events that this replica remembers, to know repeats.',
  [],
)
export const IDEMPOTENCY_EVICTIONS = counter(
  'sluice_idempotency_evictions_total',
  'Accepted events forgotten before their time, because the window was full.',
  [],
)
export const IDEMPOTENCY_SHARED = counter(
  'sluice_idempotency_shared_total',
  'Repeats of events in flight, which waited for the outcome of the first.',
  [],
)
export const PRIORITISED_EVENTS = counter(
  'sluice_prioritised_events_total',
  'Accepted events by who had the last word on their priority.',
  ['type', 'decided_by'],
)
export const DECIDED_EVENTS = counter(
  'sluice_decided_events_total',
  'Events that a live decision dropped or moved to another lane. by is the job that decided, operator for people, other beyond the first 50 jobs; which decision it was, /v1/decisions says.',
  ['by', 'action'],
)
export const LIVE_DECISIONS = gauge(
  'sluice_live_decisions',
  'Decisions that hold now, as this replica knows them.',
  ['action'],
)
export const CONTROL_FOLLOWED = gauge(
  'sluice_control_followed',
  'Whether a control topic was read to its end and is followed: 1 or 0.',
  ['topic'],
)
export const CONTROL_LAG = gauge(
  'sluice_control_lag_records',
  'Offsets of a control topic that this replica has not read yet, as far as it knows.',
  ['topic'],
)
export const CONTROL_RECORD_AGE = gauge(
  'sluice_control_record_age_seconds',
  'Age of the newest record of a control topic that this replica has read; 0 when there was none.',
  ['topic'],
)
export const CONTROL_BAD_RECORDS = counter(
  'sluice_control_bad_records_total',
  'Records of a control topic that were not taken, by why.',
  ['topic', 'reason'],
)
export const LANE_DRAIN = gauge(
  'sluice_lane_drain_seconds',
  'What the slowest service of a lane would take for what waits in it, as this gateway estimates; 0 where that is not known. Only with LANE_DRAIN_BUDGET_MS.',
  ['type', 'lane'],
)
export const LATE_EVENTS = counter(
  'sluice_late_events_total',
  'Events that were refused as overloaded because their lane would take longer to drain than LANE_DRAIN_BUDGET_MS allows.',
  ['type', 'lane'],
)
export const QUARANTINE_EVENTS = counter(
  'sluice_quarantine_events_total',
  'Rejected events by what became of them: kept; full, dropped because too much waits; too-large; failed, Kafka does not take them; unknown, it did not confirm in time.',
  ['outcome'],
)

export const UNAUTHENTICATED_REQUESTS = counter(
  'sluice_unauthenticated_requests_total',
  'Requests that the gateway refused because it does not know who sent them, by what was wrong: missing, malformed, unknown, wrong-secret, expired, token, certificate, no-credential, unavailable.',
  ['reason'],
)
export const OUTDATED_FILES = gauge(
  'sluice_outdated_files',
  'Whether what is in force is not what the file says, because that cannot be used: 1 or 0. file is credentials, certificate or rules.',
  ['file'],
)

export const PUBLISH_DURATION = histogram(
  'sluice_publish_duration_seconds',
  'From handing a record to the publisher to the acknowledgement of Kafka.',
  ['lane'],
  LATENCY_SECONDS,
)
export const PUBLISH_FLUSH_RECORDS = histogram(
  'sluice_publish_flush_records',
  'Records in one produce request.',
  ['lane'],
  BATCH_RECORDS,
)
export const PUBLISH_BUFFER_BYTES = gauge(
  'sluice_publish_buffer_bytes',
  'Bytes waiting for, or on their way to, the acknowledgement of Kafka.',
  ['lane'],
)
export const PUBLISH_RESENDS = counter(
  'sluice_publish_resends_total',
  'Record batches sent again, by the reason of the failure before.',
  ['lane', 'reason'],
)
export const PUBLISH_FAILURES = counter(
  'sluice_publish_failures_total',
  'Records given up by the publisher, by reason.',
  ['lane', 'reason'],
)

export const HANDLED_EVENTS = counter(
  'sluice_handled_events_total',
  'Events that reached their end in a service: handled, duplicate, skipped (for another service) or dead-letter.',
  ['type', 'lane', 'outcome'],
)
export const EVENT_AGE = histogram(
  'sluice_event_age_seconds',
  'From the receipt at the gateway to the end of handling, outputs stored: the end-to-end latency.',
  ['type', 'lane'],
  LATENCY_SECONDS,
)
export const HANDLER_DURATION = histogram(
  'sluice_handler_duration_seconds',
  'Time in a handler, each attempt.',
  ['type'],
  LATENCY_SECONDS,
)
export const OUTPUT_EVENTS = counter(
  'sluice_output_events_total',
  'Events that services wrote, by their type.',
  ['type', 'lane'],
)
export const RETRIES = counter(
  'sluice_retries_total',
  'Attempts after the first, in place or in a retry topic.',
  ['type', 'lane'],
)
export const DEAD_LETTERS = counter(
  'sluice_dead_letters_total',
  'Records given up: schema, handler, timeout or poison.',
  ['type', 'reason'],
)
export const REDELIVERED_EVENTS = counter(
  'sluice_redelivered_events_total',
  'Events that operators sent again through this gateway. by is redrive, of dead letters; quarantine, of rejected events, without a type; or replay, of a time range.',
  ['type', 'by'],
)

export const LAG_RECORDS = gauge(
  'sluice_consumer_lag_records',
  'Records of the assigned partitions that are not finished.',
  ['type', 'lane'],
)
export const LAG_SECONDS = gauge(
  'sluice_consumer_lag_seconds',
  'Age of the oldest unfinished record that was fetched, in a retry lane since it was due; 0 when there is none.',
  ['type', 'lane'],
)
export const BUFFER_RECORDS = gauge('sluice_consumer_buffer_records', 'Records fetched and not finished.', [
  'type',
  'lane',
])
export const ASSIGNED_PARTITIONS = gauge(
  'sluice_consumer_assigned_partitions',
  'Partitions that this process reads.',
  ['type', 'lane'],
)
export const COMMITS = counter('sluice_consumer_commits_total', 'Offset commits, by outcome.', ['outcome'])
export const LOST_BY_RETENTION = counter(
  'sluice_lost_by_retention_records_total',
  'Offsets that the log no longer had when they were to be read.',
  ['topic'],
)
export const REBALANCES = counter(
  'sluice_consumer_rebalances_total',
  'Assignments that this process got.',
  [],
)

export const BREAKER_OPEN = gauge(
  'sluice_breaker_open',
  'Whether nothing is taken but one event at a time, because most attempts of the handler fail: 1 or 0.',
  ['type'],
)
export const BREAKER_OPENINGS = counter('sluice_breaker_openings_total', 'How often that began.', ['type'])

export const HELD_OFFSETS = gauge(
  'sluice_consumer_held_offsets',
  'Offsets behind one record that does not end, where that stopped the partition; 0 where it did not.',
  ['topic', 'partition'],
)
export const STUCK_RECORDS = gauge(
  'sluice_consumer_stuck_records',
  'Records that wait because Kafka does not take what follows from them, not even their dead letters.',
  ['type'],
)
export const STUCK_PUBLISHES = counter(
  'sluice_consumer_stuck_publishes_total',
  'How often Kafka would not take a dead letter, or what else nothing can stand for.',
  ['type'],
)
export const LANE_SERVED = counter('sluice_lane_served_records_total', 'Records taken from a lane.', [
  'type',
  'lane',
])
export const LANE_SHARE = gauge(
  'sluice_lane_share_ratio',
  'The part of all records that a lane gets while every lane has work, as configured.',
  ['type', 'lane'],
)
export const LANE_UNSERVED_SECONDS = gauge(
  'sluice_lane_unserved_seconds',
  'How long a lane with work has gone unserved; 0 when it has none.',
  ['type', 'lane'],
)

export const WINDOW_IDENTITIES = gauge(
  'sluice_window_identities',
  'Handled events that are remembered, of all partitions that this process reads.',
  ['type'],
)
export const WINDOW_REBUILD_DURATION = histogram(
  'sluice_window_rebuild_seconds',
  'From an assignment until what was handled before it is read, of one partition number; nothing of it runs meanwhile.',
  ['type'],
  LATENCY_SECONDS,
)
export const WINDOW_REBUILD_RECORDS = counter(
  'sluice_window_rebuild_records_total',
  'Records that were read again after assignments, to know what was handled.',
  ['type'],
)

export const metricCatalogue: readonly MetricSpec[] = Object.freeze([
  INGEST_REQUESTS,
  INGEST_CONNECTIONS_REFUSED,
  INGEST_EVENTS,
  FILTERED_EVENTS,
  IDEMPOTENCY_IDS,
  IDEMPOTENCY_EVICTIONS,
  IDEMPOTENCY_SHARED,
  PRIORITISED_EVENTS,
  DECIDED_EVENTS,
  LIVE_DECISIONS,
  CONTROL_FOLLOWED,
  CONTROL_LAG,
  CONTROL_RECORD_AGE,
  CONTROL_BAD_RECORDS,
  QUARANTINE_EVENTS,
  LANE_DRAIN,
  LATE_EVENTS,
  UNAUTHENTICATED_REQUESTS,
  OUTDATED_FILES,
  PUBLISH_DURATION,
  PUBLISH_FLUSH_RECORDS,
  PUBLISH_BUFFER_BYTES,
  PUBLISH_RESENDS,
  PUBLISH_FAILURES,
  HANDLED_EVENTS,
  EVENT_AGE,
  HANDLER_DURATION,
  OUTPUT_EVENTS,
  RETRIES,
  DEAD_LETTERS,
  REDELIVERED_EVENTS,
  LAG_RECORDS,
  LAG_SECONDS,
  BUFFER_RECORDS,
  ASSIGNED_PARTITIONS,
  COMMITS,
  LOST_BY_RETENTION,
  REBALANCES,
  BREAKER_OPEN,
  BREAKER_OPENINGS,
  HELD_OFFSETS,
  STUCK_RECORDS,
  STUCK_PUBLISHES,
  LANE_SERVED,
  LANE_SHARE,
  LANE_UNSERVED_SECONDS,
  WINDOW_IDENTITIES,
  WINDOW_REBUILD_DURATION,
  WINDOW_REBUILD_RECORDS,
])

function counter<Label extends string>(
  name: string,
  help: string,
  labels: readonly Label[],
): MetricSpec<'counter', Label> {
  return { kind: 'counter', name, help, labels }
}

function gauge<Label extends string>(
  name: string,
  help: string,
  labels: readonly Label[],
): MetricSpec<'gauge', Label> {
  return { kind: 'gauge', name, help, labels }
}

function histogram<Label extends string>(
  name: string,
  help: string,
  labels: readonly Label[],
  buckets: readonly number[],
): MetricSpec<'histogram', Label> {
  return { kind: 'histogram', name, help, labels, buckets }
}
