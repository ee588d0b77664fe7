import { setTimeout as delay } from 'node:timers/promises'

/** A session of Flink's SQL gateway: what it is told holds for the statements after it. */
export type SqlSession = {
  /**
   * Runs a statement to its end, or, when it starts a job, until that is submitted.
   * @returns the job's id, if it started one
   * @throws Error with what Flink says is wrong
   */
  run(statement: string): Promise<string | undefined>
}

/** @param properties like those of `SET` */
export async function openSqlSession(
  gateway: string,
  properties: Readonly<Record<string, string>>,
): Promise<SqlSession> {
  const { sessionHandle } = await ask<{ sessionHandle: string }>(`${gateway}/v1/sessions`, { properties })
  const session = `${gateway}/v1/sessions/${sessionHandle}`
  return {
    async run(statement) {
      const { operationHandle } = await ask<{ operationHandle: string }>(`${session}/statements`, {
        statement,
      })
      const first = `${session}/operations/${operationHandle}/result/0?rowFormat=JSON`
      for (;;) {
        const { resultType, jobID } = await ask<{ resultType: string; jobID?: string }>(first)
        if (resultType !== 'NOT_READY') return jobID
        await delay(POLL_MS)
      }
    },
  }
}

const POLL_MS = 20

/** POSTs where there is a body. */
async function ask<Answer>(url: string, body?: object): Promise<Answer> {
  const response = await fetch(url, body && { method: 'POST', body: JSON.stringify(body) })
  const answer = (await response.json()) as Answer & { errors?: readonly string[] }
  if (response.ok) return answer
  throw new Error(describe(answer.errors ?? [response.statusText]))
}

/** The causes in a Java stack trace, the last one first: it is the one that says what is wrong. */
function describe(errors: readonly string[]): string {
  const lines = errors.flatMap((error) => error.split('\n'))
  const causes = lines
    .filter((line) => line.startsWith('Caused by: '))
    .map((line) => line.slice('Caused by: '.length))
  return causes.length > 0 ? causes.toReversed().join('\n') : lines.join('\n')
}
