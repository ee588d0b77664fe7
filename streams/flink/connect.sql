-- What every job reads and writes. It runs before tables.sql and the job's own file, in one session. What stands for
-- ${…} is put in by whoever starts the job; the defaults are in settings.env.

-- What all tables of event topics have in common. What a value is, each says itself.
-- Time is Kafka's time of the record: always there, of our own clocks, and in order to within a second.
CREATE TEMPORARY TABLE event_topic (
  `key` STRING,
  `topic` STRING METADATA VIRTUAL,
  `partition` INT METADATA VIRTUAL,
  `offset` BIGINT METADATA VIRTUAL,
  `headers` MAP<STRING, BYTES> METADATA VIRTUAL,
  `at` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `arrived` AS PROCTIME(),
  WATERMARK FOR `at` AS `at` - INTERVAL '${WATERMARK_SECONDS}' SECOND
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = '${KAFKA_BROKERS}',
  ${KAFKA_SECURITY}
  'properties.isolation.level' = 'read_committed',
  'properties.group.id' = 'flink-${JOB}',
  -- Without a checkpoint to go on from. A time and not "latest": that would be looked up anew after a crash.
  'scan.startup.mode' = 'timestamp',
  'scan.startup.timestamp-millis' = '${START_MS}',
  -- A partition without new records must not hold the time of the others.
  'scan.watermark.idle-timeout' = '${IDLE_SECONDS} s',
  'key.format' = 'raw',
  'key.fields' = 'key',
  'value.fields-include' = 'EXCEPT_KEY'
);

-- Decisions are written at once and perhaps twice: the last one of an id holds, so a repeat changes nothing.
CREATE TEMPORARY TABLE decisions (
  `id` STRING,
  `decision` STRING
) WITH (
  'connector' = 'kafka',
  'topic' = 'control.decisions',
  'properties.bootstrap.servers' = '${KAFKA_BROKERS}',
  ${KAFKA_SECURITY}
  'properties.acks' = 'all',
  'properties.linger.ms' = '0',
  'sink.delivery-guarantee' = 'at-least-once',
  'key.format' = 'raw',
  'key.fields' = 'id',
  'value.format' = 'raw',
  'value.fields-include' = 'EXCEPT_KEY'
);

-- Events that a job derives, exactly once: readers of committed records see them with the checkpoint after. The job names
-- the lanes. Kafka's own partitioner deals the keys, as Sluice's does.
CREATE TEMPORARY TABLE derived_events (
  `key` STRING,
  `event` STRING,
  `headers` MAP<STRING, BYTES> METADATA
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = '${KAFKA_BROKERS}',
  ${KAFKA_SECURITY}
  'properties.acks' = 'all',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'flink-${JOB}',
  -- What a crash leaves open holds up readers of these lanes until the job is back, and no longer than this.
  'properties.transaction.timeout.ms' = '600000',
  'key.format' = 'raw',
  'key.fields' = 'key',
  'value.format' = 'raw',
  'value.fields-include' = 'EXCEPT_KEY'
);

-- Records that a job could not read: a line in the log for each, and the sink's numRecordsIn counts them.
CREATE TEMPORARY TABLE unreadable (
  `topic` STRING,
  `partition` INT,
  `offset` BIGINT
) WITH ('connector' = 'print', 'print-identifier' = 'unreadable by ${JOB}');

-- Likewise, records that came too late, where Flink would not drop and count them by itself.
CREATE TEMPORARY TABLE late (
  `topic` STRING,
  `partition` INT,
  `offset` BIGINT
) WITH ('connector' = 'print', 'print-identifier' = 'too late for ${JOB}');
