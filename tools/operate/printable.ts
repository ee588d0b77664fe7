/** What an event holds must not steer the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}/gu, (one) => `\\u{${one.codePointAt(0)!.toString(16)}}`)
}
