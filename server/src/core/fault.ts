// Errors that a caller may see come from a catalogue: a stable code, a status and a sentence. A room defines its catalogue with
// `faults` and throws from it; each API writes the fault in its own shape. Anything else that is thrown is a 500 without details.

import type { JsonObject } from './json.ts'

export class Fault extends Error {
  override readonly name = 'Fault'
  /** Stable, in CONSTANT_CASE or the API's own spelling. */
  readonly code: string
  /** HTTP status. */
  readonly status: number
  /** Structured facts for the API's error body; never a secret. */
  readonly data: JsonObject
  constructor(code: string, status: number, message: string, data: JsonObject = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.status = status
    this.data = data
  }
}

type Template = { readonly status: number; readonly message: string }

/**
 * Turns `{ CODE: { status, message: 'text with {name}' } }` into functions that make faults: `fault.CODE({ name })`. The values
 * fill the braces, and are the fault's `data` too.
 */
export function faults<const T extends { readonly [code: string]: Template }>(
  catalogue: T,
): { readonly [code in keyof T]: (data?: JsonObject, cause?: unknown) => Fault } {
  const makers: Record<string, (data?: JsonObject, cause?: unknown) => Fault> = {}
  for (const [code, template] of Object.entries(catalogue)) {
    makers[code] = (data = {}, cause) => {
      const message = template.message.replace(/\{(\w+)\}/g, (_, name: string) => String(data[name] ?? ''))
      return new Fault(code, template.status, message, data, cause)
    }
  }
  return makers as { readonly [code in keyof T]: (data?: JsonObject, cause?: unknown) => Fault }
}
