import { type EventOf, userRegistered, welcomeMailRequested } from '@sluice/events'
import { buildEvent } from '@sluice/testing'
import { given } from '@sluice/testing/given'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { handle } from './handler.ts'

type Registration = EventOf<typeof userRegistered>['data']

const registrationOf = (changes: Partial<Registration>) => buildEvent(userRegistered, { data: changes })
const welcome = (language: string, series: string) => ({
  definition: welcomeMailRequested,
  data: { userId: 'u-12', email: 'grace@example.com', name: 'Grace', language, series },
})

describe('user-registered', () => {
  it.each([
    ['en', 'en'],
    ['en-GB', 'en'],
    ['de', 'de'],
    ['fr-CA', 'fr'],
    ['nl-NL', 'nl'],
    ['es', 'es'],
  ])('welcomes %s in %s', async (locale, language) => {
    await given(registrationOf({ locale }))
      .when(handle)
      .thenOutputs([welcome(language, 'team-onboarding')])
  })

  it('falls back to English where there is no mail in the language', async () => {
    await given(registrationOf({ locale: 'fi-FI' }))
      .when(handle)
      .thenOutputs([welcome('en', 'team-onboarding')])
  })

  it.each([
    ['free', 'getting-started'],
    ['team', 'team-onboarding'],
    ['enterprise', 'team-onboarding'],
  ] as const)('sends the %s plan the series %s', async (plan, series) => {
    await given(registrationOf({ plan }))
      .when(handle)
      .thenOutputs([welcome('en', series)])
  })

  it('makes one valid mail of any registration', async () => {
    const locale = fc.stringMatching(/^[a-z]{2}(-[A-Z]{2})?$/)
    await fc.assert(
      fc.asyncProperty(locale, fc.string({ minLength: 1, maxLength: 200 }), async (locale, name) => {
        const outputs = [await handle(registrationOf({ locale, name }), undefined as never)].flat()
        expect(outputs).toHaveLength(1)
        expect(outputs[0]!.definition.validate(outputs[0]!.data)).toBeUndefined()
        expect(outputs[0]!.data).toHaveProperty('name', name)
      }),
    )
  })
})
