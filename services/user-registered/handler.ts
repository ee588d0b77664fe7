import { type EventOf, type userRegistered, welcomeMailRequested } from '@sluice/events'
import type { EventHandler } from '@sluice/service'

/** Asks for a welcome mail in the user's language, from the series that suits the plan. */
export const handle: EventHandler<typeof userRegistered> = (registration) => {
  const { userId, email, name, locale, plan } = registration.data
  return welcomeMailRequested.from(registration, {
    userId,
    email,
    name,
    language: chooseLanguage(locale),
    series: SERIES[plan],
  })
}

/** The languages that the mails are written in. */
const LANGUAGES: ReadonlySet<string> = new Set(['en', 'de', 'es', 'fr', 'nl'])
const FALLBACK_LANGUAGE = 'en'

/** `en-GB` and `en-US` read the same mail. */
function chooseLanguage(locale: string): string {
  const [language = FALLBACK_LANGUAGE] = locale.split('-')
  return LANGUAGES.has(language) ? language : FALLBACK_LANGUAGE
}

type Plan = EventOf<typeof userRegistered>['data']['plan']
type Series = EventOf<typeof welcomeMailRequested>['data']['series']

/** Whoever pays has colleagues to invite first. */
const SERIES: Record<Plan, Series> = {
  free: 'getting-started',
  team: 'team-onboarding',
  enterprise: 'team-onboarding',
}
