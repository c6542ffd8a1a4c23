// From what a caller writes to what the engine keeps.

import type { EffectRequest, MeetingRequest, OfferRequest } from '@standdown/wire/src/event.ts'
import type { NewEffect } from '../../../core/effects/effect.ts'
import { mailSend, nativeDelay, webhookCall } from '../../../core/effects/effect-builders.ts'
import { EFFECT_KINDS, MAIL_SEND, NATIVE_DELAY, WEBHOOK_CALL } from '../../../core/effects/effect-kinds.ts'
import { shortTitle } from '../../../core/effects/effect-title.ts'
import type { JsonObject } from '../../../core/json.ts'
import { mailboxKey, readAddress } from '../../../core/mail-address.ts'
import { nativeFault } from '../faults.ts'
import { instantOf } from '../instant.ts'

/** One effect for each thing that can be prevented alone: a mail to three people is three. */
export function newEffects(
  request: Exclude<EffectRequest, OfferRequest | MeetingRequest>,
): readonly NewEffect[] {
  const common = { due: dueOf(request), ...(request.link ? { link: request.link } : {}) }
  switch (request.kind) {
    case 'mail':
      return onePerMailbox(request.to).map(({ written, to }) => {
        const { subject, text, html } = request
        const title = shortTitle(request.title ?? EFFECT_KINDS[MAIL_SEND].title(written))
        return mailSend({ to, subject, text, ...(html === undefined ? {} : { html }) }, { ...common, title })
      })
    case 'webhook': {
      const host = hostOf(request.url)
      const { url, type = 'native.effect', payload = {} } = request
      const title = shortTitle(request.title ?? EFFECT_KINDS[WEBHOOK_CALL].title(host))
      return [webhookCall({ url, type, payload: payload as JsonObject }, { ...common, title })]
    }
    case 'delay':
      return [
        nativeDelay({ ...common, title: shortTitle(request.title ?? EFFECT_KINDS[NATIVE_DELAY].title()) }),
      ]
    default:
      return request satisfies never
  }
}

/** The first of each mailbox: as it was written, and as mail travels. */
function onePerMailbox(addresses: readonly string[]): readonly { written: string; to: string }[] {
  const found = new Map<string, { written: string; to: string }>()
  for (const written of addresses) {
    const to = readAddress(written)
    if (to === null) throw nativeFault.INVALID_REQUEST({ detail: `${written} is not a mail address.` })
    if (!found.has(mailboxKey(to))) found.set(mailboxKey(to), { written, to })
  }
  return [...found.values()]
}

export function dueOf(request: EffectRequest): NewEffect['due'] {
  if (request.at === undefined) return { afterMs: request.afterMs ?? 0 }
  if (request.afterMs !== undefined) throw nativeFault.DUE_TWICE()
  return { at: instantOf(request.at) }
}

function hostOf(url: string): string {
  try {
    return new URL(url).host
  } catch (cause) {
    throw nativeFault.INVALID_REQUEST({ detail: '`url` is not a URL.' }, cause)
  }
}
