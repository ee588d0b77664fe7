import { type Accounts, placeOf, standingOf } from './accounts.ts'
import type { StoredRecord } from './history.ts'
import { type Violation, violation } from './violation.ts'

/** I1, I2, I3: what the gateway said against what Kafka holds. */
export function checkStorage(accounts: Accounts): Violation[] {
  const lost: string[] = []
  const failedYetStored: string[] = []
  const filteredYetStored: string[] = []
  const misjudged: string[] = []
  for (const account of accounts.bySent) {
    const { event, name, answers, stored } = account
    const standing = standingOf(account)
    if (standing === 'stored' && stored.length === 0) lost.push(name)
    if (standing === 'failed' && stored.length > 0) failedYetStored.push(name)
    if (standing === 'filtered' && stored.length > 0) filteredYetStored.push(name)
    for (const { status, reason } of answers) {
      if (status === 'filtered' && (event.fate !== 'filtered' || reason !== event.rule)) misjudged.push(name)
      if (status === 'rejected' && event.fate !== 'rejected') misjudged.push(`${name} (rejected: ${reason})`)
      if (status === 'accepted' && (event.fate === 'filtered' || event.fate === 'rejected'))
        misjudged.push(`${name} (${status})`)
    }
  }
  return [
    ...violation('I1', 'accepted, and in no topic', lost),
    ...violation('I2', 'stored, and never sent', accounts.strangers.map(describe)),
    ...violation('I2', 'an outcome of an event that was never sent', strange(accounts)),
    ...violation('I3', 'rejected or refused, and stored all the same', failedYetStored),
    ...violation('I3', 'filtered, and stored all the same', filteredYetStored),
    ...violation('I3', 'not judged as its type and rules say', misjudged),
  ]
}

/** Outcomes of outputs that a service read are no strangers, nor is one dead letter for each planted record. */
function strange({ strangeOutcomes, causeOfOutput, plantedLetters }: Accounts): string[] {
  let poison = plantedLetters.size
  return strangeOutcomes
    .filter(({ id, outcome }) => !causeOfOutput.has(id) && !(outcome === 'dead-letter' && poison-- > 0))
    .map(({ source, id }) => `${source} ${id}`)
}

function describe(record: StoredRecord): string {
  const { event } = record
  const cause = event?.causationid === undefined ? '' : ` caused by ${event.causationid}`
  return `${event ? `${event.source} ${event.id}${cause}` : 'no event'} at ${placeOf(record)}`
}
