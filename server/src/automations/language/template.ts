// Texts of actions with payload fields in them: `{{name}}`, `{{customer.city}}`, or in Wix's own words
// `{{ var("customer.city") }}`. Nothing else is allowed between the braces. The value of a field is never read as a
// template itself.

import type { Json, JsonObject } from '../../core/json.ts'

const BRACES = /\{\{(.*?)\}\}/gs
const PLAIN = /^\s*(\w+(?:\.\w+)*)\s*$/
const VAR = /^\s*var\(\s*"(\w+(?:\.\w+)*)"\s*\)\s*$/

/** The first pair of braces in `text` that is not a field reference; null when there is none. */
export function templateFault(text: string): string | null {
  for (const [whole, inner] of text.matchAll(BRACES)) if (fieldName(inner!) === null) return whole
  const rest = text.replace(BRACES, '')
  return rest.includes('{{') ? rest.slice(rest.indexOf('{{'), rest.indexOf('{{') + 40) : null
}

/** `text` with each field replaced by `filling(index)`. The first field has index 0. */
export function everyFieldAs(text: string, filling: (index: number) => string): string {
  let index = 0
  return text.replace(BRACES, () => filling(index++))
}

/** `text` with its fields filled from `payload`. A field that is missing or null is empty; lists and objects are JSON. */
export function fill(text: string, payload: JsonObject): string {
  return text.replace(BRACES, (whole, inner: string) => {
    const name = fieldName(inner)
    return name === null ? whole : asText(fieldOf(payload, name))
  })
}

/** Like `fill`, for a line that becomes a header or a title: control characters and line breaks become spaces. */
export function fillLine(text: string, payload: JsonObject): string {
  return fill(text, payload)
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim()
}

/** The value at a dotted path; undefined when there is none. Only own properties count, so `constructor` is a name like any other. */
export function fieldOf(payload: JsonObject, path: string): Json | undefined {
  let at: Json | undefined = payload
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, name))
      return undefined
    at = (at as JsonObject)[name]
  }
  return at
}

function fieldName(inner: string): string | null {
  return PLAIN.exec(inner)?.[1] ?? VAR.exec(inner)?.[1] ?? null
}

function asText(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
