export const SOURCE = '/trial'

/** Posts an event, which has to be accepted; its result. */
export async function postEvent(
  url: string,
  event: { readonly type: string; readonly id?: string; readonly data: object },
): Promise<{ readonly decidedBy: string }> {
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ source: SOURCE, ...event }),
  })
  if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as { decidedBy: string }
}
