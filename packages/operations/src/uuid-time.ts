/**
 * When a UUID of version 7 was made, by its maker's clock: its first 48 bits are milliseconds since the epoch (RFC 9562,
 * 5.7). Undefined for any other id.
 */
export function uuidTime(id: string): number | undefined {
  const [, high, low] =
    /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.exec(id) ?? []
  return high === undefined ? undefined : Number.parseInt(`${high}${low}`, 16)
}
