// Texts of actions with payload fields in them: `{{name}}`, `{{customer.city}}`, or in Wix's own words
// `{{ var("customer.city") }}`. Nothing else may stand between the braces, and what a field brings in is never read as a
// template again.

import type { Json, JsonObject } from '../../core/json.ts'

const BRACES = /\{\{(.*?)\}\}/gs
const PLAIN = /^\s*(\w+(?:\.\w+)*)\s*$/
const VAR = /^\s*var\(\s*"(\w+(?:\.\w+)*)"\s*\)\s*$/

/** The first thing in `text` that is no field reference; null when all is well. */
export function templateFault(text: string): string | null {
  for (const [whole, inner] of text.matchAll(BRACES)) if (fieldName(inner!) === null) return whole
  const rest = text.replace(BRACES, '')
  return rest.includes('{{') ? rest.slice(rest.indexOf('{{'), rest.indexOf('{{') + 40) : null
}

/** `text` with something in the place of each field, the first one being 0. */
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

/** `fill` for one line that becomes a header or a title: control characters and line breaks become spaces. */
export function fillLine(text: string, payload: JsonObject): string {
  return fill(text, payload)
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim()
}

/** The value at a dotted path; undefined when it is not there. Own properties only: `constructor` is a name like any. */
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
