import { UsageError } from '../command-line.ts'

/** Where operators reach a gateway, and what they show there. */
export type GatewayPlace = {
  /** Its admin port. */
  readonly gateway: string
  readonly token: string
}

/** Of what a gateway answers when it refuses. */
type Problem = {
  readonly detail?: string
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[]
}

/**
 * Reads where the gateway is.
 * @param given of --gateway; the admin port of the environment on this machine without
 * @param why what the token is needed for
 * @throws UsageError
 */
export function gatewayPlace(
  given: string | undefined,
  { ADMIN_PORT: port, ADMIN_TOKEN: token }: NodeJS.ProcessEnv,
  why: string,
): GatewayPlace {
  const text = given ?? `http://127.0.0.1:${port || '9080'}`
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError(`--gateway needs a URL, like http://127.0.0.1:9080, not "${text}".`)
  if (!token)
    throw new UsageError(
      `${why}, for operators alone: set ADMIN_TOKEN for both, the gateway and this command.`,
    )
  return { gateway: url.origin, token }
}

/**
 * Asks the gateway for something; its answer, read as JSON.
 * @throws Error with what to do, when the gateway cannot be reached or refuses
 */
export async function askGateway<Answer>(
  { gateway, token }: GatewayPlace,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(`${gateway}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((error: Error) => {
    const why = (error.cause as Error | undefined)?.message || error.message
    throw new Error(`No gateway answers at ${gateway}: ${why}. --gateway says where its admin port is.`)
  })
  const answer = (await response.json().catch(() => ({}))) as Answer & Problem
  if (response.ok) return answer
  const { detail = 'it is no gateway of Sluice', errors = [] } = answer
  const told =
    errors.length > 0 ? errors.map((one) => `${one.pointer} ${one.detail}`.trim()).join('; ') : detail
  throw new Error(`${gateway} answered ${response.status}: ${told}`)
}
