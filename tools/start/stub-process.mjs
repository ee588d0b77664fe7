// A process for the tests of those that supervise: `stub-process.mjs <admin port> <journal> <name> [share]`.
// With `share`, another may listen on the same port. It journals its start and its end, is ready when told so by its name, and ends as a service does.

import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'

const [port, journal, name, share] = process.argv.slice(2)
const note = (what) => appendFileSync(journal, `${name} ${what} ${process.pid}\n`)
const end = (why) => {
  note(why)
  process.exit(0)
}

note('started')
console.log(`${name} says hello`)
if (name.startsWith('broken')) {
  console.error('no such setting')
  process.exit(2)
}
process.on('SIGTERM', () => (name.startsWith('stubborn') ? note('ignored SIGTERM') : end('stopped')))
process.on('disconnect', () => end('orphaned'))
createServer((request, response) => {
  if (request.url === '/crash') {
    console.error('something broke')
    process.exit(3)
  }
  response.writeHead(request.url === '/readyz' && !name.startsWith('slow') ? 200 : 503)
  response.end(JSON.stringify({ pid: process.pid }))
}).listen({ port: Number(port), host: '127.0.0.1', reusePort: share === 'share' })
