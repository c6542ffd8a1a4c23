// Where a webhook goes, read once and checked.

import { withoutLastDot } from '../../core/effects/lane.ts'
import type { JsonObject } from '../../core/json.ts'

export type Endpoint = {
  readonly url: URL
  /** Names the secret that signs for it; the secret itself is never in an effect. */
  readonly secretRef: string
}

/** Longest URL, characters. */
export const MAX_URL = 2048

/** The host without the brackets of an IPv6 address and without a last dot, lower case: what is looked up and allowed. */
export function hostOf(url: URL): string {
  return withoutLastDot(url.hostname.replace(/^\[|\]$/g, ''))
}

/**
 * The endpoint in an effect's data, `{ url, secretRef? }`, or the sentence that says what is wrong with it. Without a
 * secretRef the URL's origin names the secret: one for each receiving server. Never repeats the URL.
 */
export function readEndpoint(data: JsonObject): Endpoint | string {
  const { url: text, secretRef } = data
  if (typeof text !== 'string' || text.length > MAX_URL || !URL.canParse(text)) return 'url is not a URL'
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'url is neither https nor http'
  if (url.username !== '' || url.password !== '') return 'url holds credentials'
  if (secretRef === undefined || secretRef === null) return { url, secretRef: url.origin }
  if (typeof secretRef !== 'string' || secretRef === '') return 'secretRef is not a name'
  return { url, secretRef }
}
