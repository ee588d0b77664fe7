/**
 * The id of a posted event says all that the bench needs to know about it later. Outputs name it as their
 * `causationid`, so it comes back at the far end:
 *
 *     <run>-<template>-<sequence>-<when it was due>        36 characters, like a UUID
 *     k3x9-0042-000012345-0001764000000123
 *
 * The widths are fixed, so that the numbers can be written into bytes that were encoded before.
 */
const RUN_DIGITS = 4
const TEMPLATE_DIGITS = 4
const SEQUENCE_DIGITS = 9
const TIME_DIGITS = 16

const TEMPLATE_AT = RUN_DIGITS + 1
const SEQUENCE_AT = TEMPLATE_AT + TEMPLATE_DIGITS + 1
const TIME_AT = SEQUENCE_AT + SEQUENCE_DIGITS + 1

export const EVENT_ID_LENGTH = TIME_AT + TIME_DIGITS

/** An id with its numbers still to be written by {@link stampEventId}. */
export function blankEventId(run: string, template: number): string {
  if (run.length !== RUN_DIGITS) throw new RangeError(`A run's name has ${RUN_DIGITS} characters: "${run}".`)
  const name = String(template).padStart(TEMPLATE_DIGITS, '0')
  return `${run}-${name}-${'0'.repeat(SEQUENCE_DIGITS)}-${'0'.repeat(TIME_DIGITS)}`
}

/** Writes sequence number and time (microseconds) into the id that begins at `at`. */
export function stampEventId(bytes: Buffer, at: number, sequence: number, dueMicros: number): void {
  writeDigits(bytes, at + SEQUENCE_AT, SEQUENCE_DIGITS, sequence)
  writeDigits(bytes, at + TIME_AT, TIME_DIGITS, dueMicros)
}

export function templateOf(bytes: Buffer, at: number): number {
  return readDigits(bytes, at + TEMPLATE_AT, TEMPLATE_DIGITS)
}

export function sequenceOf(bytes: Buffer, at: number): number {
  return readDigits(bytes, at + SEQUENCE_AT, SEQUENCE_DIGITS)
}

export function dueMicrosOf(bytes: Buffer, at: number): number {
  return readDigits(bytes, at + TIME_AT, TIME_DIGITS)
}

function writeDigits(bytes: Buffer, at: number, digits: number, value: number): void {
  let rest = value
  for (let i = at + digits - 1; i >= at; i--) {
    const tens = Math.floor(rest / 10)
    bytes[i] = 48 + (rest - tens * 10)
    rest = tens
  }
}

function readDigits(bytes: Buffer, at: number, digits: number): number {
  let value = 0
  for (let i = at; i < at + digits; i++) value = value * 10 + (bytes[i]! - 48)
  return value
}
