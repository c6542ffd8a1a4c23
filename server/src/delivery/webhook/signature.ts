// Signatures of Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body`, one per secret, so that a secret can be
// changed while receivers know either.

import { createHmac } from 'node:crypto'

/** The key behind `whsec_<base64>`. Throws an Error that does not repeat it; 24 to 64 octets, as the specification says. */
export function readWebhookSecret(text: string): Uint8Array {
  const key = /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text)
    ? Buffer.from(text.slice(6), 'base64')
    : Buffer.alloc(0)
  if (key.length < 24 || key.length > 64)
    throw new Error('a webhook secret is whsec_ and base64 of 24 to 64 octets')
  return key
}

export type Signed = {
  readonly id: string
  /** Seconds since 1970: of this attempt. */
  readonly timestamp: number
  readonly body: string
}

/** The three headers. `secrets`: at least one; the newest first. */
export function webhookHeaders(
  signed: Signed,
  secrets: readonly Uint8Array[],
): Readonly<Record<string, string>> {
  const content = `${signed.id}.${signed.timestamp}.${signed.body}`
  const signatures = secrets.map(key => `v1,${createHmac('sha256', key).update(content).digest('base64')}`)
  return {
    'webhook-id': signed.id,
    'webhook-timestamp': String(signed.timestamp),
    'webhook-signature': signatures.join(' '),
  }
}
