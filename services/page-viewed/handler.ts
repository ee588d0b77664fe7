import { type EventOf, pageViewEnriched, type pageViewed } from '@sluice/events'
import type { EventHandler } from '@sluice/service'

/** Says what a page view alone can tell: the device, how deep the visit is, and where it came from. */
export const handle: EventHandler<typeof pageViewed> = (view) => {
  const { visitorId, sessionId, url, referrer, userAgent, viewportWidth, pageOfSession } = view.data
  const page = new URL(url)
  return pageViewEnriched.from(view, {
    visitorId,
    sessionId,
    path: page.pathname.slice(0, LONGEST_PATH),
    device: classifyDevice(userAgent, viewportWidth),
    session: classifySession(pageOfSession),
    arrivedFrom: findOrigin(page, referrer),
  })
}

type Enriched = EventOf<typeof pageViewEnriched>['data']

/** Percent-encoding makes a path up to three times as long as its part of the posted URL. */
const LONGEST_PATH = 2048

/** Android tablets are the Androids that leave out "Mobile". */
const TABLET = /iPad|Tablet|Silk|Android(?!.*Mobile)/i
const PHONE = /iPhone|iPod|Mobile/i
const DESKTOP = /Windows NT|Macintosh|X11|CrOS/i

/** Common breakpoints of style sheets, in CSS pixels; 0 means that the browser did not say. */
const PHONE_BELOW = 600
const TABLET_BELOW = 1024

/**
 * The browser's own words first: a narrow window on a desktop is still a desktop. The viewport decides where the
 * user agent names no device. An iPad that asks for desktop pages says Macintosh and counts as one.
 */
function classifyDevice(userAgent: string, viewportWidth: number): Enriched['device'] {
  if (TABLET.test(userAgent)) return 'tablet'
  if (PHONE.test(userAgent)) return 'phone'
  if (DESKTOP.test(userAgent) || viewportWidth === 0) return 'desktop'
  if (viewportWidth < PHONE_BELOW) return 'phone'
  return viewportWidth < TABLET_BELOW ? 'tablet' : 'desktop'
}

/** An entry, a list, a product and a second one to compare: who goes on after these is choosing. */
const ENGAGED_FROM_PAGE = 5

function classifySession(pageOfSession: number): Enriched['session'] {
  if (pageOfSession === 1) return 'landing'
  return pageOfSession < ENGAGED_FROM_PAGE ? 'browsing' : 'engaged'
}

function findOrigin(page: URL, referrer: string | undefined): Enriched['arrivedFrom'] {
  if (referrer === undefined) return 'direct'
  return new URL(referrer).hostname === page.hostname ? 'internal' : 'external'
}
