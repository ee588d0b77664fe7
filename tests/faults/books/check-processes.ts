import { isMark, kindOf, originOf } from './accounts.ts'
import type { Answer, History } from './history.ts'
import { type Violation, violation } from './violation.ts'

/** A recovery that took longer than its limit is late; one that took this many times as long is none. */
export const HOPELESS_TIMES = 6

/** I7, I8, I9: counters, recovery, exits and what is held. */
export function checkProcesses(history: History): Violation[] {
  return [...checkGateway(history), ...checkServices(history), ...checkTimes(history)]
}

/**
 * What the gateway counted against what it answered. An attempt whose answer got lost may or may not have been
 * counted. A gateway that was killed took its counters with it.
 */
function checkGateway(history: History): Violation[] {
  const lives = history.counters.filter(({ process }) => process === 'gateway')
  if (lives.length === 0 || lives.some(({ complete }) => !complete)) return []
  const answered = (fits: (answer: Answer) => boolean) => history.answers.filter(fits).length
  const unknown = answered(({ status }) => status === 'unknown')
  const accepted = {
    counted: sum(lives.map((life) => life.accepted)),
    answered: answered(({ status }) => status === 'accepted'),
  }
  const rules = new Set([
    ...lives.flatMap((life) => Object.keys(life.filtered)),
    ...history.answers.flatMap(({ status, reason }) => (status === 'filtered' && reason ? [reason] : [])),
  ])
  const filtered = [...rules].map((rule) => ({
    rule,
    counted: sum(lives.map((life) => life.filtered[rule] ?? 0)),
    answered: answered(({ status, reason }) => status === 'filtered' && reason === rule),
  }))
  return [
    ...violation('I7', 'the gateway counts otherwise than it answered', [
      ...disagree('accepted', accepted, unknown),
      ...filtered.flatMap((one) => disagree(`filtered by ${one.rule}`, one, unknown)),
    ]),
  ]
}

function disagree(
  what: string,
  { counted, answered }: { counted: number; answered: number },
  unknown: number,
): string[] {
  if (counted >= answered && counted <= answered + unknown) return []
  return [`${what}: counted ${counted}, answered ${answered}${unknown > 0 ? `, unknown ${unknown}` : ''}`]
}

/** What services counted against what the topics hold: exactly, where nothing was handled twice. */
function checkServices(history: History): Violation[] {
  const wrong = history.services.flatMap(({ service, type }) => {
    const lives = history.counters.filter(({ process }) => process === service)
    if (lives.length === 0 || lives.some(({ complete }) => !complete)) return []
    const lane = history.records.filter(({ topic }) => {
      const kind = kindOf(topic)
      return kind.kind === 'lane' && kind.type === type
    }).length
    const letters = history.records.filter((record) => {
      const kind = kindOf(record.topic)
      return kind.kind === 'dead-letter' && kind.service === service && !isMark(record)
    })
    return [
      ...compare(`${service}: ended`, sum(lives.map((life) => life.ended)), lane),
      ...compare(
        `${service}: dead letters`,
        sum(lives.map((life) => life.deadLetters)),
        new Set(letters.map(originOf)).size,
      ),
    ]
  })
  return violation('I7', 'a service counts otherwise than the topics hold', wrong)

  function compare(what: string, counted: number, held: number): string[] {
    if (history.repeatsAllowed ? counted >= held : counted === held) return []
    return [`${what}: counted ${counted}, held ${held}`]
  }
}

function checkTimes({ recoveries, exits, holdings }: History): Violation[] {
  const hopeless = recoveries.filter(
    ({ tookMs, limitMs }) => tookMs === undefined || tookMs > limitMs * HOPELESS_TIMES,
  )
  const bad = exits.filter(({ code }) => code !== 0)
  const growing = holdings.filter(({ before, after, mostMore }) => after > before + mostMore)
  return [
    ...violation(
      'I8',
      'work did not go on',
      hopeless.map(({ what, tookMs }) => `${what}${tookMs === undefined ? '' : ` (${tookMs} ms)`}`),
    ),
    ...violation(
      'I9',
      'stopped, and did not end with 0',
      bad.map(({ process, code }) => `${process} (${code})`),
    ),
    ...violation(
      'I9',
      'holds more than it did',
      growing.map(({ process, what, before, after }) => `${process} (${what}: ${before} → ${after})`),
    ),
  ]
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
