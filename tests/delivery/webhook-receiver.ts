// What the tests of webhooks share: carriers that may call this machine, and a check of signatures that is not the
// sender's own.

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Verdict } from '../../server/src/core/effects/effect.ts'
import {
  createWebhookCarriers,
  type WebhookCarrierOptions,
} from '../../server/src/delivery/webhook/webhook-carriers.ts'
import type { ReceivedRequest } from '../support/http-receiver.ts'
import { now } from './started-effect.ts'

export const SECRET = Buffer.from('0123456789abcdef0123456789abcdef')

export function webhookCarriers(options: Partial<WebhookCarrierOptions> = {}) {
  const made = createWebhookCarriers({
    secretFor: async () => SECRET,
    allowed: async () => ['127.0.0.0/8', '::1'],
    now,
    ...options,
  })
  const [call, withdraw] = made.carriers
  return { call: call!, withdraw: withdraw!, close: made.close, [Symbol.dispose]: made.close }
}

/** As a receiver checks it (Standard Webhooks 1.0.0): true when one of the signatures is ours. */
export function signatureHolds({ headers, body }: ReceivedRequest, secret: Uint8Array): boolean {
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const wanted = createHmac('sha256', secret).update(content).digest()
  return String(headers['webhook-signature'])
    .split(' ')
    .filter(signature => signature.startsWith('v1,'))
    .map(signature => Buffer.from(signature.slice(3), 'base64'))
    .some(given => given.length === wanted.length && timingSafeEqual(given, wanted))
}

export function errorOf(verdict: Verdict): string {
  return 'error' in verdict ? verdict.error : ''
}
