// iCalendar content lines (RFC 5545 3.1 and 3.3.11, RFC 6868), escaped and folded by construction. ical-generator 10 writes
// CN="Ann \"O\"", which no parser has to accept, and has no COMMENT; the little that iTIP needs is here.

/** A parameter: what RFC 5545 forbids in one is written as RFC 6868 says. */
export type Parameter = readonly [name: string, value: string]

/** A line whose value is TEXT. */
export function textLine(name: string, text: string): string {
  return fold(`${name}:${escapeText(text)}`)
}

/** A line whose value is written as it is: dates, numbers, tokens, addresses that were checked. */
export function plainLine(name: string, value: string, parameters: readonly Parameter[] = []): string {
  const written = parameters.map(([key, text]) => `;${key}=${parameterValue(text)}`).join('')
  return fold(`${name}${written}:${withoutControls(value.replace(/[\r\n]/g, ''))}`)
}

/** `\ ; ,` and line breaks escaped; other control characters, which no content line may hold, left out. */
export function escapeText(text: string): string {
  return withoutControls(text.replace(/[\\;,]/g, '\\$&').replace(/\r\n|\r|\n/g, '\\n'))
}

function parameterValue(text: string): string {
  const encoded = withoutControls(
    text
      .replace(/\^/g, '^^')
      .replace(/"/g, "^'")
      .replace(/\r\n|\r|\n/g, '^n'),
  )
  return /^[A-Za-z0-9-]+$/.test(encoded) ? encoded : `"${encoded}"`
}

function withoutControls(text: string): string {
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, '')
}

/** Lines of at most 75 octets, never cut inside a character; the blank that begins a continuation counts. */
function fold(line: string): string {
  const pieces: string[] = []
  let from = 0
  let octets = 0
  // Counted, not measured: a description of 10,000 characters goes to 500 attendees.
  for (let at = 0; at < line.length; ) {
    const code = line.codePointAt(at) ?? 0
    const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (octets + size > 75) {
      pieces.push(line.slice(from, at))
      from = at
      octets = 1
    }
    octets += size
    at += size === 4 ? 2 : 1
  }
  pieces.push(line.slice(from))
  return `${pieces.join('\r\n ')}\r\n`
}
