import { get } from 'node:http'

/**
 * A program of its own, for the health check of a container that has no shell and no curl: asks `/readyz` of the
 * process beside it, by its `ADMIN_PORT`, prints the answer, and ends with 0 when it is ready and with 1 when not.
 * Whoever runs it bounds its time.
 */
const url = `http://127.0.0.1:${process.env['ADMIN_PORT'] || '9080'}/readyz`

get(url, async (response) => {
  for await (const chunk of response) process.stdout.write(chunk)
  process.exitCode = response.statusCode === 200 ? 0 : 1
}).on('error', (error) => {
  console.log(`${url}: ${error.message}`)
  process.exitCode = 1
})
