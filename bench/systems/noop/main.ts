import Fastify from 'fastify'

/** The limit of the front door: parses the same JSON, does nothing, answers 202. */
const app = Fastify({ bodyLimit: 8 * 1024 * 1024 })
app.post('/v1/events', (request, reply) => {
  const accepted = Array.isArray(request.body) ? request.body.length : 1
  reply.code(202).send({ accepted })
})
app.get('/health', (_request, reply) => {
  reply.send({ ok: true })
})
await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })

process.once('SIGTERM', () => process.exit(0))
process.once('disconnect', () => process.exit(0))
