import { describe, expect, it } from 'vitest'
import { parseStartOptions, START_HELP } from './options.ts'

describe('parseStartOptions', () => {
  it('has a default for everything', () => {
    expect(parseStartOptions([])).toEqual({
      demo: true,
      json: false,
      streams: false,
      reset: false,
      yes: false,
      ingestPort: 8080,
      adminPort: 9080,
      kafkaPort: 9092,
    })
  })

  it('takes every option', () => {
    const args = [
      '--no-demo',
      '--json',
      '--streams',
      '--reset',
      '-y',
      '--port',
      '1',
      '--admin-port=2',
      '--kafka-port',
      '3',
    ]
    expect(parseStartOptions(args)).toEqual({
      demo: false,
      json: true,
      streams: true,
      reset: true,
      yes: true,
      ingestPort: 1,
      adminPort: 2,
      kafkaPort: 3,
    })
  })

  it('suggests the option that was meant', () => {
    expect(() => parseStartOptions(['--prot', '9000'])).toThrow('There is no option --prot. Is it --port?')
    expect(() => parseStartOptions(['--nodemo'])).toThrow('Is it --no-demo?')
  })

  it('suggests nothing when nothing is near', () => {
    expect(() => parseStartOptions(['--everything-everywhere'])).toThrow(
      'There is no option --everything-everywhere. npm start -- --help',
    )
  })

  it.each([
    [['--port', 'abc'], '--port must be a port'],
    [['--port', '70000'], '--port must be a port'],
    [['--port'], '--port needs a value'],
    [['--json=yes'], '--json takes no value'],
    [['--no-json'], 'There is no option --no-json'],
    [['8080'], '"8080" is not an option'],
  ])('refuses %j', (args, message) => {
    expect(() => parseStartOptions(args)).toThrow(message)
  })

  it('asks for help whatever else stands there, as long as it is known', () => {
    expect(parseStartOptions(['--json', '--help'])).toBe('help')
  })

  it('names every option in the help', () => {
    for (const flag of [
      '--no-demo',
      '--port',
      '--admin-port',
      '--kafka-port',
      '--reset',
      '--yes',
      '--json',
    ]) {
      expect(START_HELP).toContain(`${flag}`)
    }
  })
})
