/** The media types of a body of events. `binary` is `application/json` with `ce-*` headers. */
export type BodyForm = 'bare' | 'structured' | 'structured-batch' | 'lines'

/**
 * What a `Content-Type` promises, or nothing when that is not supported. Parameters are ignored, save for a
 * charset other than UTF-8: JSON has no other (RFC 8259, 8.1).
 * @param isBinary whether the headers have the attributes of an event: then its data may be of any JSON type
 */
export function bodyFormOf(contentType: string | undefined, isBinary: () => boolean): BodyForm | undefined {
  if (contentType === undefined) return undefined
  const known = FORMS.get(contentType)
  if (known !== undefined) return known
  const [mediaType = '', ...parameters] = contentType.split(';')
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=')
    if (name.trim().toLowerCase() === 'charset' && !/^\s*"?utf-?8"?\s*$/i.test(value)) return undefined
  }
  return (
    FORMS.get(mediaType.trim().toLowerCase()) ??
    (isJsonMediaType(contentType) && isBinary() ? 'bare' : undefined)
  )
}

export const NDJSON = 'application/x-ndjson'

const FORMS: ReadonlyMap<string, BodyForm> = new Map([
  ['application/json', 'bare'],
  ['application/cloudevents+json', 'structured'],
  ['application/cloudevents-batch+json', 'structured-batch'],
  [NDJSON, 'lines'],
])

/** Those that are supported, without parameters. */
export const MEDIA_TYPES: readonly string[] = [...FORMS.keys()]

/** Whether a `datacontenttype` names JSON: the subtype `json`, or a suffix `+json`. */
export function isJsonMediaType(contentType: string): boolean {
  return /^\s*[\w!#$&^.+-]+\/([\w!#$&^.-]+\+)?json\s*(;\s*charset\s*=\s*"?utf-?8"?\s*)?$/i.test(contentType)
}
