// Evidence in one line: the answer of the receiver, as the carrier recorded it.

import type { JsonObject } from '../../../core/json.ts'

const MAX_CHARACTERS = 300

/** 'response: 250 2.0.0 Ok; status: 204' */
export function evidenceLine(evidence: { readonly [key: string]: unknown } | JsonObject): string {
  const textLine = Object.entries(evidence)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([key, value]) => `${words(key)}: ${shown(value)}`)
    .join('; ')
  return textLine.length <= MAX_CHARACTERS ? textLine : `${textLine.slice(0, MAX_CHARACTERS - 1)}…`
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
