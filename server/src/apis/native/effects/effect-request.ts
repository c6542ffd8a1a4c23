// From what a caller writes to what the engine keeps.

import type { EffectRequest, MeetingRequest, OfferRequest } from '@standdown/wire/src/event.ts'
import type { NewEffect } from '../../../core/effects/effect.ts'
import { MAIL_LANE, webhookLane } from '../../../core/effects/lane.ts'
import type { JsonObject } from '../../../core/json.ts'
import { mailboxKey, readAddress } from '../../../core/mail-address.ts'
import { nativeFault } from '../faults.ts'
import { instantOf } from '../instant.ts'

/** What a request says of an effect's data, all of it or in part: what is left out is meant to be left out. */
export const SAID_OF_KIND: { readonly [kind: string]: readonly string[] } = {
  'mail.send': ['to', 'subject', 'text', 'html'],
  'webhook.call': ['url', 'type', 'payload'],
}

/** One effect for each thing that can be prevented alone: a mail to three people is three. */
export function newEffects(
  request: Exclude<EffectRequest, OfferRequest | MeetingRequest>,
): readonly NewEffect[] {
  const common = { due: dueOf(request), ...(request.link ? { link: request.link } : {}) }
  switch (request.kind) {
    case 'mail':
      return onePerMailbox(request.to).map(({ written, to }) => ({
        ...common,
        kind: 'mail.send',
        title: titleOf(request.title ?? `Mail to ${written}`),
        lane: MAIL_LANE,
        data: {
          to,
          subject: request.subject,
          text: request.text,
          ...(request.html === undefined ? {} : { html: request.html }),
        },
      }))
    case 'webhook': {
      const host = hostOf(request.url)
      const { url, type = 'native.effect', payload = {} } = request
      const data = { url, type, payload: payload as JsonObject }
      return [
        {
          ...common,
          kind: 'webhook.call',
          title: titleOf(request.title ?? `Webhook to ${host}`),
          lane: webhookLane(url),
          data,
        },
      ]
    }
    case 'delay':
      return [{ ...common, kind: 'native.delay', title: titleOf(request.title ?? 'Wait'), data: {} }]
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

/** Titles are at most 200 characters; a made one is shortened without cutting a pair of surrogates apart. */
export function titleOf(text: string): string {
  return text.length <= 200
    ? text
    : `${text
        .slice(0, 199)
        .toWellFormed()
        .replace(/\ufffd$/, '')}…`
}

function hostOf(url: string): string {
  try {
    return new URL(url).host
  } catch (cause) {
    throw nativeFault.INVALID_REQUEST({ detail: '`url` is not a URL.' }, cause)
  }
}
