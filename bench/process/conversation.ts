import type { RunningProcess } from './start-process.ts'

/** Questions that a process answers, by name. */
export type Answers = Readonly<Record<string, (argument: never) => unknown>>

type Question = { readonly id: number; readonly name: string; readonly argument: unknown }
type Reply = { readonly id: number; readonly result?: unknown; readonly error?: string }

/** Answers the parent's questions over IPC, and ends this process when the parent is gone. */
export function answerParent(answers: Answers): void {
  process.on('disconnect', () => process.exit(0))
  process.on('message', async ({ id, name, argument }: Question) => {
    let reply: Reply
    try {
      reply = { id, result: await answers[name]!(argument as never) }
    } catch (error) {
      reply = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
    process.send?.(reply)
  })
}

/** Asks a child what its {@link answerParent} offers. */
export type Ask<Offered extends Answers> = <Name extends keyof Offered & string>(
  name: Name,
  argument: Parameters<Offered[Name]>[0],
) => Promise<Awaited<ReturnType<Offered[Name]>>>

/** Every question rejects when the child exits before it answers. */
export function askChild<Offered extends Answers>(running: RunningProcess): Ask<Offered> {
  const { name, child } = running
  type Waiting = { resolve(result: unknown): void; reject(error: Error): void }
  const waiting = new Map<number, Waiting>()
  let lastId = 0
  child.on('message', ({ id, result, error }: Reply) => {
    const asked = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) asked?.resolve(result)
    else asked?.reject(new Error(`The ${name}: ${error}`))
  })
  child.once('exit', (code, signal) => {
    const error = new Error(`The ${name} ended (${code ?? signal}):\n${running.log()}`)
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  })
  return ((question, argument) =>
    new Promise((resolve, reject) => {
      const id = ++lastId
      waiting.set(id, { resolve: resolve as (result: unknown) => void, reject })
      child.send({ id, name: question, argument } satisfies Question)
    })) as Ask<Offered>
}
