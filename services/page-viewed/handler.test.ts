import { type EventOf, pageViewEnriched, pageViewed } from '@sluice/events'
import { buildEvent } from '@sluice/testing'
import { given } from '@sluice/testing/given'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { handle } from './handler.ts'

type View = EventOf<typeof pageViewed>['data']
type Enriched = EventOf<typeof pageViewEnriched>['data']

const viewOf = (changes: Partial<View>) => buildEvent(pageViewed, { data: changes })

async function enrich(changes: Partial<View>): Promise<Enriched> {
  const outputs = [await handle(viewOf(changes), undefined as never)].flat()
  return outputs[0]!.data as Enriched
}

const LINUX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Mobile/15E148 Safari/604.1'
const IPAD = 'Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) Version/18.6 Mobile/15E148 Safari/604.1'
const PIXEL = 'Mozilla/5.0 (Linux; Android 16; Pixel 9) Chrome/141.0.0.0 Mobile Safari/537.36'
const GALAXY_TAB = 'Mozilla/5.0 (Linux; Android 16; SM-X810) Chrome/141.0.0.0 Safari/537.36'
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/141.0.0.0 Safari/537.36'

describe('page-viewed', () => {
  it('enriches a view, and leaves out what identifies the browser', async () => {
    await given(viewOf({}))
      .when(handle)
      .thenOutputs([
        {
          definition: pageViewEnriched,
          data: {
            visitorId: 'v-33',
            sessionId: 's-91',
            path: '/tea',
            device: 'desktop',
            session: 'browsing',
            arrivedFrom: 'direct',
          },
        },
      ])
  })

  it.each([
    ['desktop', LINUX, 1440],
    ['desktop', WINDOWS, 400],
    ['phone', IPHONE, 390],
    ['phone', PIXEL, 412],
    ['tablet', IPAD, 820],
    ['tablet', GALAXY_TAB, 1280],
    ['phone', 'ShopApp/3.2', 599],
    ['tablet', 'ShopApp/3.2', 600],
    ['tablet', '', 1023],
    ['desktop', '', 1024],
    ['desktop', '', 0],
  ] as const)('takes for a %s: "%s" at %i pixels', async (device, userAgent, viewportWidth) => {
    expect((await enrich({ userAgent, viewportWidth })).device).toBe(device)
  })

  it.each([
    ['landing', 1],
    ['browsing', 2],
    ['browsing', 4],
    ['engaged', 5],
    ['engaged', 5000],
  ] as const)('calls a visit %s at page %i', async (session, pageOfSession) => {
    expect((await enrich({ pageOfSession })).session).toBe(session)
  })

  it.each([
    ['direct', undefined],
    ['internal', 'https://shop.example.com/basket'],
    ['internal', 'http://shop.example.com:8080/'],
    ['external', 'https://search.example.net/'],
    ['external', 'https://shop.example.com.evil.example/'],
    ['external', 'android-app://com.example.mail/'],
  ] as const)('calls a visit %s that came from %s', async (arrivedFrom, referrer) => {
    const view = viewOf(referrer === undefined ? {} : { referrer })
    const outputs = [await handle(view, undefined as never)].flat()
    expect(outputs[0]!.data).toHaveProperty('arrivedFrom', arrivedFrom)
  })

  it('drops query and fragment: they carry searches and tokens', async () => {
    expect((await enrich({ url: 'https://shop.example.com/tea?token=x#top' })).path).toBe('/tea')
  })

  it('keeps a path valid that encoding makes three times as long', async () => {
    const url = `https://shop.example.com/${'é'.repeat(2000)}`
    const { path } = await enrich({ url })
    expect(path).toHaveLength(2048)
  })

  it('makes a valid output of any page view that the gateway takes', async () => {
    const url = fc.oneof(
      fc.string({ maxLength: 600, unit: 'grapheme' }).map((path) => `https://shop.example.com/${path}`),
      fc.constantFrom('about:blank', 'http://[::1]:8080/', 'https://münchen.example/ä?ö#ü'),
    )
    await fc.assert(
      fc.asyncProperty(
        url,
        fc.option(url, { nil: undefined }),
        fc.string({ maxLength: 512 }),
        fc.nat(100_000),
        fc.integer({ min: 1 }),
        async (url, referrer, userAgent, viewportWidth, pageOfSession) => {
          const changes = { url, userAgent, viewportWidth, pageOfSession }
          const enriched = await enrich(referrer === undefined ? changes : { ...changes, referrer })
          expect(pageViewEnriched.validate(enriched)).toBeUndefined()
        },
      ),
    )
  })
})
