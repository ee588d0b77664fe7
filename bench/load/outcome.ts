/**
 * What became of a posted event, as far as its producer knows. `pending` is never sent or not answered yet.
 * Numbers, because a run has millions of them in one array.
 */
export const outcome = { pending: 0, accepted: 1, notStored: 2, unknown: 3 } as const

export type Outcome = (typeof outcome)[keyof typeof outcome]

/**
 * The outcomes of a request with `count` events, from its answer. `accepted` when the answer says that all were;
 * otherwise the results are read one by one. An answer that does not say which leaves them all unknown.
 */
export function readOutcomes(status: number, body: string, count: number): Outcome | Outcome[] {
  if (
    status === 202 &&
    (body.includes(`"accepted":${count}`) || (count === 1 && body.includes('"status":"accepted"')))
  ) {
    return outcome.accepted
  }
  if (count === 1)
    return status === 503 && !body.includes('"unconfirmed"') ? outcome.notStored : fromStatus(status)
  const answer = parse(body)
  if (!Array.isArray(answer?.results)) return fromStatus(status)
  const outcomes: Outcome[] = new Array(count).fill(outcome.accepted)
  for (const { index, status } of answer.results) {
    outcomes[index] = BY_STATUS[status] ?? outcome.unknown
  }
  return outcomes
}

/** What is said of all events of a request at once. A 4xx stored nothing; after a 5xx nobody can tell. */
function fromStatus(status: number): Outcome {
  return status >= 400 && status < 500 ? outcome.notStored : outcome.unknown
}

/** `duplicate` and `filtered` cannot be here: every id is new and no event fits a filter. */
const BY_STATUS: Readonly<Record<string, Outcome>> = {
  accepted: outcome.accepted,
  rejected: outcome.notStored,
  refused: outcome.notStored,
}

type BatchAnswer = { readonly results?: readonly { readonly index: number; readonly status: string }[] }

function parse(body: string): BatchAnswer | undefined {
  try {
    return JSON.parse(body) as BatchAnswer
  } catch {
    return undefined
  }
}
