import { expect, it } from 'vitest'
import { createProgress, progressBar } from './progress.ts'

it('shows how much is done', () => {
  expect(progressBar('sending', 370, 1000)).toBe(
    'sending  [###########···················]  37 %  (370 of 1000)',
  )
  expect(progressBar('sending', 0, 0)).toContain('100 %')
})

it('writes a line now and then where nobody watches', () => {
  const lines: string[] = []
  let now = 0
  const out = { isTTY: false, write: (text: string) => lines.push(text) > 0 } as unknown as NodeJS.WriteStream
  const progress = createProgress(out, () => now)
  for (; now <= 11_000; now += 100) progress.show('sending', now, 20_000)
  progress.end()
  expect(lines).toEqual(['sending: 25 % (5000 of 20000)\n', 'sending: 50 % (10000 of 20000)\n'])
})
