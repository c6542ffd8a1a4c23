// Evidence in one line: what the other side said, as the carrier wrote it down.

import type { JsonObject } from '../../../core/json.ts'

const MAX_CHARACTERS = 300

/** 'response: 250 2.0.0 Ok; status: 204' */
export function evidenceLine(evidence: { readonly [key: string]: unknown } | JsonObject): string {
  const line = Object.entries(evidence)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([key, value]) => `${words(key)}: ${shown(value)}`)
    .join('; ')
  return line.length <= MAX_CHARACTERS ? line : `${line.slice(0, MAX_CHARACTERS - 1)}…`
}

function shown(value: unknown): string {
  if (Array.isArray(value) && value.every(each => typeof each !== 'object')) return value.join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** 'messageId' and 'message_id' as 'message id'. */
function words(key: string): string {
  return key
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase()
}
