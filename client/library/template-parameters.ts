// templateParameters as pages really give them, made such that they can be sent and stored. What no template can show is left out here, so
// that a call is never lost for its decoration.

import { objectOf } from './object-of.ts'

/** A field of a card shows 1,028 characters. */
const MAX_VALUE = 2000
const MAX_NAME = 100
/** Of names and values together; a request of the desktop may have five times as many octets. */
const MAX_IN_ALL = 100_000

/** A text that PostgreSQL can store: no half of a surrogate pair (a name that was cut inside an emoji), no NUL. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\u{FFFD}')
}

/** By name, in the order given; an object, or the JSON of one. Everything else gives none. */
export function sendableParameters(given: unknown): Readonly<Record<string, string>> {
  const parameters: Record<string, string> = {}
  let left = MAX_IN_ALL
  for (const [name, value] of entriesOf(objectOf(given))) {
    // A slug is of word characters; the server takes no body with these two as names.
    if (!/^\w+$/.test(name) || name.length > MAX_NAME || name === '__proto__' || name === 'constructor')
      continue
    if (!['string', 'number', 'boolean', 'bigint'].includes(typeof value)) continue
    const text = storable(String(value).slice(0, MAX_VALUE))
    left -= name.length + text.length
    if (left < 0) break
    parameters[name] = text
  }
  return parameters
}

/** A getter of the page's own may throw: then there is nothing to show. */
function entriesOf(given: ReturnType<typeof objectOf>): readonly (readonly [string, unknown])[] {
  try {
    return Object.entries(given ?? {})
  } catch {
    return []
  }
}
