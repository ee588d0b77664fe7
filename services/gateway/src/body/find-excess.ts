/**
 * What a JSON text has too much of, told before it is parsed: nesting, values, or text in one string. One pass over the bytes; UTF-8 keeps
 * the bytes of ASCII for ASCII alone. Not guaranteed for text that is not JSON; the parser refuses that.
 * @param maxValues counted are arrays, objects, and what follows a comma: all values, or a few more
 */
export function findExcess(
  text: Uint8Array,
  maxDepth: number,
  maxValues: number,
): 'depth' | 'values' | 'text' | undefined {
  let depth = 0
  let values = 0
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case QUOTE: {
        const end = endOfString(text, i)
        if (end - i > MAX_STRING_BYTES) return 'text'
        i = end
        break
      }
      case OPEN_BRACKET:
      case OPEN_BRACE:
        values++
        if (++depth > maxDepth) return 'depth'
        break
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        depth--
        break
      case COMMA:
        values++
        break
    }
  }
  return values > maxValues ? 'values' : undefined
}

/** More than any event may have. The pattern of an e-mail address overflows its stack on 6 MB. */
const MAX_STRING_BYTES = 2 * 1024 * 1024

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
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
