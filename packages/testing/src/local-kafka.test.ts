import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { answersKafka } from './broker-probe.ts'
import { findJava, javaMajor } from './java.ts'
import { renderProperties } from './kafka-properties.ts'
import { freePort, isPortFree, parseLsof, parseSs } from './port-owner.ts'

describe('a local Kafka', () => {
  it('reads the version of any Java', () => {
    expect(javaMajor('openjdk version "17.0.15" 2025-04-15')).toBe(17)
    expect(javaMajor('openjdk version "25-ea" 2025-09-16')).toBe(25)
    expect(javaMajor('java version "1.8.0_402"')).toBe(8)
    expect(javaMajor('Picked up nothing')).toBeUndefined()
  })

  it('says what to do when there is no Java', async () => {
    await expect(findJava({ JAVA_HOME: '/nowhere' })).rejects.toMatchObject({
      code: 'java-missing',
      message: expect.stringContaining('Install a JDK'),
    })
  })

  it('finds the owner of a port in the words of ss and of lsof', () => {
    const ss = 'LISTEN 0 50 *:9092 *:* users:(("java",pid=4711,fd=120))'
    expect(parseSs(ss)).toEqual({ command: 'java', pid: 4711 })
    expect(parseSs('LISTEN 0 50 *:9092 *:*')).toBeUndefined()
    expect(parseLsof('p4711\ncjava\nf120\n')).toEqual({ command: 'java', pid: 4711 })
    expect(parseLsof('')).toBeUndefined()
  })

  it('sees that a port is taken, and that what holds it is no Kafka', async () => {
    const server = createServer((socket) =>
      socket
        .on('error', () => {})
        .resume()
        .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    ).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    expect(await isPortFree(port)).toBe(false)
    expect(await answersKafka(`127.0.0.1:${port}`)).toBe(false)
    server.close()
    await once(server, 'close')
    expect(await isPortFree(port)).toBe(true)
    expect(await answersKafka(`127.0.0.1:${await freePort()}`)).toBe(false)
  })

  it('gives each listener its port and leaves the rest of the template alone', () => {
    const text = renderProperties('a=b\n', {
      logDir: '/data',
      port: 1,
      controllerPort: 2,
      extraListeners: { saslPlaintextPort: 3, users: [{ name: 'ada', password: 'secret' }] },
      overrides: { 'log.dirs': '/elsewhere' },
    })
    expect(text).toContain('a=b\n')
    expect(text).toContain(
      '\nlisteners=PLAINTEXT://127.0.0.1:1,SASL_PLAINTEXT://127.0.0.1:3,CONTROLLER://127.0.0.1:2\n',
    )
    expect(text).toContain('user_ada="secret";')
    expect(text).toContain('\nlog.dirs=/elsewhere\n')
    expect(text).not.toContain('ssl.keystore')
  })

  it('sends the clients of a forwarded listener to the port of what forwards', () => {
    const text = renderProperties('', {
      logDir: '/data',
      port: 1,
      controllerPort: 2,
      extraListeners: { forwarded: [{ name: 'PROXIED', port: 3, advertisedPort: 4 }] },
    })
    expect(text).toContain('listeners=PLAINTEXT://127.0.0.1:1,PROXIED://127.0.0.1:3,')
    expect(text).toContain('advertised.listeners=PLAINTEXT://127.0.0.1:1,PROXIED://127.0.0.1:4\n')
    expect(text).toContain('PROXIED:PLAINTEXT')
  })

  it('wants a keystore for a listener with TLS', () => {
    const properties = { logDir: '/data', port: 1, controllerPort: 2, extraListeners: { sslPort: 3 } }
    expect(() => renderProperties('', properties)).toThrow('keystore')
  })
})
