export { type Backoff, backoffMs } from './backoff.ts'
export type { KafkaConnection, KafkaSasl, KafkaTls, TokenSource } from './connection.ts'
export {
  DEAD_LETTER_LANE,
  type DeadLetter,
  type DeadLetterReason,
  type RecordOrigin,
  toDeadLetter,
} from './dead-letter.ts'
export { KafkaError, type KafkaErrorCode } from './errors.ts'
export { createKafkaJsClient } from './kafkajs-client.ts'
export type { KafkaLog } from './kafkajs-connect.ts'
export {
  type Admission,
  type Claim,
  type ConsumedLane,
  createLaneConsumer,
  type Handled,
  type LaneConsumer,
  type LaneConsumerOptions,
  type RetryTopic,
  type Undelivered,
} from './lane-consumer.ts'
export { partitionOf } from './partition.ts'
export type {
  Admin,
  AssignedPartition,
  Consumer,
  ConsumerListener,
  ConsumerOptions,
  Headers,
  HeaderValue,
  IncomingRecord,
  KafkaClient,
  OutgoingRecord,
  PartitionOffset,
  ProduceBatch,
  ProduceFailure,
  ProduceOutcome,
  Producer,
  ReadBatch,
  Reader,
  ReadOptions,
  TopicDescription,
  TopicPartition,
  TopicSpec,
} from './port.ts'
export {
  createPublisher,
  type Publisher,
  type PublisherOptions,
  type PublishOutcome,
  type PublishRecord,
  type Receipt,
  type Refusal,
} from './publisher.ts'
export { hasHeaderLike } from './record-batch.ts'
export { within } from './within.ts'
