import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { LocalKafkaError } from './errors.ts'

/** A JVM whose output we read. */
export type Jvm = ChildProcess & { readonly stdout: Readable; readonly stderr: Readable }

/** Whether it was started and has not ended. */
export function isRunning(jvm: Jvm): jvm is Jvm & { readonly pid: number } {
  return jvm.pid !== undefined && jvm.exitCode === null && jvm.signalCode === null
}

/** Hands on each line, and remembers the last twenty that are not frames of a stack trace. */
export function readLines(jvm: Jvm, onLine: (line: string) => void): () => readonly string[] {
  const last: string[] = []
  for (const input of [jvm.stdout, jvm.stderr]) {
    createInterface({ input }).on('line', (line) => {
      onLine(line)
      if (line.startsWith('\tat ')) return
      last.push(line)
      if (last.length > 20) last.shift()
    })
  }
  return () => last
}

/**
 * The exit code or signal, when all output has been read.
 * @throws LocalKafkaError `java-missing`
 */
export function ended(jvm: Jvm): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    jvm.once('error', (cause) =>
      reject(new LocalKafkaError('java-missing', 'Java could not be run.', { cause })),
    )
    jvm.once('close', (code, signal) => resolve(code ?? signal))
  })
}
