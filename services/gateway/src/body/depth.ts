/**
 * Whether a JSON text nests deeper than `limit`, told before it is parsed. One pass over the bytes; UTF-8 keeps the bytes
 * of ASCII for ASCII alone. Not guaranteed for text that is not JSON; the parser refuses that.
 */
export function isDeeperThan(limit: number, text: Uint8Array): boolean {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case QUOTE:
        i = endOfString(text, i)
        break
      case OPEN_BRACKET:
      case OPEN_BRACE:
        if (++depth > limit) return true
        break
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        depth--
        break
    }
  }
  return false
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Index of the quote that ends the string that begins at `start`, or the end of the text. */
function endOfString(text: Uint8Array, start: number): number {
  let i = start + 1
  while (i < text.length && text[i] !== QUOTE) i += text[i] === BACKSLASH ? 2 : 1
  return i
}
