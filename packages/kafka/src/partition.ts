import type { TopicPartition } from './port.ts'

/**
 * The partition that Kafka's Java client gives to a key: murmur2 of its UTF-8 bytes, made positive, modulo the
 * number of partitions. So every program that writes with the default partitioner agrees with us.
 * The algorithm: `org.apache.kafka.common.utils.Utils.murmur2`, after Austin Appleby's MurmurHash2.
 * Allocates nothing for ASCII keys. `partitions` must be at least 1.
 */
export function partitionOf(key: string, partitions: number): number {
  return (hashOf(key) & 0x7fffffff) % partitions
}

/** A partition as the key of a map. */
export function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}

const SEED = 0x9747b28c
const M = 0x5bd1e995

function hashOf(key: string): number {
  const { length } = key
  let hash = SEED ^ length
  let at = 0
  for (; at + 3 < length; at += 4) {
    const a = key.charCodeAt(at)
    const b = key.charCodeAt(at + 1)
    const c = key.charCodeAt(at + 2)
    const d = key.charCodeAt(at + 3)
    if ((a | b | c | d) > 0x7f) return hashOfBytes(Buffer.from(key))
    hash = mix(hash, a | (b << 8) | (c << 16) | (d << 24))
  }
  const rest = length - at
  if (rest > 0) {
    const a = key.charCodeAt(at)
    const b = rest > 1 ? key.charCodeAt(at + 1) : 0
    const c = rest > 2 ? key.charCodeAt(at + 2) : 0
    if ((a | b | c) > 0x7f) return hashOfBytes(Buffer.from(key))
    hash = Math.imul(hash ^ (a | (b << 8) | (c << 16)), M)
  }
  return finish(hash)
}

function hashOfBytes(bytes: Buffer): number {
  const { length } = bytes
  let hash = SEED ^ length
  let at = 0
  for (; at + 3 < length; at += 4) hash = mix(hash, bytes.readInt32LE(at))
  const rest = length - at
  if (rest > 0) hash = Math.imul(hash ^ bytes.readUIntLE(at, rest), M)
  return finish(hash)
}

function mix(hash: number, word: number): number {
  const k = Math.imul(word, M)
  return Math.imul(hash, M) ^ Math.imul(k ^ (k >>> 24), M)
}

function finish(hash: number): number {
  const h = Math.imul(hash ^ (hash >>> 13), M)
  return h ^ (h >>> 15)
}
