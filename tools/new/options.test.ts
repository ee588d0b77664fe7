import { expect, it } from 'vitest'
import { parseNewOptions } from './options.ts'

it('reads a command, a name and flags', () => {
  expect(
    parseNewOptions(['event', 'a-b', '--fields', 'a:int', '--service', 'x', '--service', 'y', '-y']),
  ).toMatchObject({
    command: 'event',
    name: 'a-b',
    fields: 'a:int',
    service: ['x', 'y'],
    yes: true,
    json: false,
  })
  expect(parseNewOptions(['--help'])).toBe('help')
})

it.each([
  [[], /What is to be new/],
  [['evnt', 'a'], /no "evnt"/],
  [['event', 'a', 'b'], /one name too many/],
  [['event', 'a', '--type', 'b'], /--type is not for "new event"/],
  [['service', 'a', '--fields', 'a:int'], /--fields is not for "new service"/],
  [['remove', 'a', '--produces', 'b'], /--produces is not for "new remove"/],
  [['event', 'a', '--feilds', 'x'], /--feilds/],
  [['event', 'a', '--fields'], /--fields/],
])('refuses %j', (args, message) => {
  expect(() => parseNewOptions(args)).toThrow(message)
})
