// This folder sends mail, and this file carries effects of kind `mail.send`: to the mail server of SMTP_URL,
// or into kept mail. It must not know why a mail is sent, and must never say *stopped* of a mail that the
// mail server may have taken.
//
// What an abort does (docs/mail.md): before the final dot could be sent → stopped. After that, the carrier waits for the server's
// answer, and the answer decides. Without an answer → in doubt.

import type { Carrier } from '../../core/effects/carrier.ts'
import { EffectAborted, type StartedEffect, type Verdict } from '../../core/effects/effect.ts'
import { describeCarrier, MAIL_SEND } from '../../core/effects/effect-kinds.ts'
import type { JsonObject } from '../../core/json.ts'
import { readMailbox } from '../../core/mail-address.ts'
import type { Health } from '../failing-receivers.ts'
import { type ComposedMail, composeMail } from './compose-mail.ts'
import type { KeepMail } from './kept-mail.ts'
import { readMailOrder } from './mail-order.ts'
import { proofOf } from './proof.ts'
import { healthOf, OPERATOR_REPLIES } from './server-health.ts'
import { SmtpPool } from './smtp-pool.ts'
import { type Handover, PHASE_LIMITS, type PhaseLimits } from './smtp-session.ts'
import { readSmtpUrl } from './smtp-url.ts'

export type MailCarrierOptions = {
  /** SMTP_URL; null: mail is kept. See readSmtpUrl. */
  readonly smtpUrl: string | null
  /** MAIL_FROM, default `Standdown <standdown@localhost>`: envelope sender, From, and host of Message-IDs. */
  readonly mailFrom?: string
  readonly keep: KeepMail
  readonly now: () => Date
  /** Domains that a tenant may write From, lower case. Default: none, so that From is always MAIL_FROM. */
  readonly domains?: (tenant: string) => Promise<readonly string[]>
  readonly limits?: Partial<PhaseLimits>
  /** How long, after an abort, the carrier waits for the answer to a mail whose final dot was sent, ms. Default 20,000 for a cancel (a receipt is final
   * after 30 s), 3,000 for a lost lease, 1,000 for a shutdown: less than a stop waits for what was aborted. */
  readonly graceMs?: { readonly [Why in EffectAborted['why']]: number }
  /** Further trusted authorities for TLS, PEM. */
  readonly ca?: string
  /** Most connections to the mail server at once. Default 10. */
  readonly maxConnections?: number
  /** Mails at once per tenant. Default 6. */
  readonly slots?: number
  /** Called after every attempt with what the attempt shows of the mail server, by host and port. */
  readonly observe?: (server: string, health: Health) => void
}

/** Throws an Error when smtpUrl or mailFrom is wrong. */
export function createMailCarrier(options: MailCarrierOptions): Carrier & { close(): void } {
  const sender = readMailbox(options.mailFrom ?? 'Standdown <standdown@localhost>')
  if (sender === null) throw new Error('MAIL_FROM is not a mail address')
  const mailFrom = sender
  const grace = options.graceMs ?? { cancelled: 20_000, lease_lost: 3000, shutdown: 1000 }
  const server = options.smtpUrl === null ? null : readSmtpUrl(options.smtpUrl)
  const serverName = server === null ? '' : `${server.host}:${server.port}`
  const pool =
    server === null
      ? null
      : new SmtpPool({
          server,
          limits: { ...PHASE_LIMITS, ...options.limits },
          ca: options.ca,
          maxConnections: options.maxConnections ?? 10,
          idleMs: 15_000,
        })

  async function run(effect: StartedEffect, signal: AbortSignal): Promise<Verdict> {
    const order = readMailOrder(effect.data)
    if (typeof order === 'string') return { is: 'failed', error: `${MAIL_SEND}: ${order}` }
    const domains = (await options.domains?.(effect.tenant)) ?? []
    // A sandbox tenant's clock runs ahead of ours; everywhere else the moment of the attempt is the later one.
    const now = options.now()
    const date = new Date(Math.max(effect.dueAt.getTime(), now.getTime()))
    const mail = await composeMail({
      effectId: effect.id,
      order,
      mailFrom,
      domains,
      date,
    })
    if (signal.aborted) return stoppedBefore(signal, 'compose')
    if (!pool) {
      await options.keep(keptForm(effect, mail, { at: date, method: order.ical?.method ?? null }))
      return { is: 'done', evidence: { kept: true, messageId: mail.messageId } }
    }
    const graceMs = () => grace[whyAborted(signal)]
    const handover = await pool.send(mail, { signal, graceMs })
    const health = healthOf(handover)
    if (health) options.observe?.(serverName, health)
    return verdictOf(handover, mail.messageId, signal)
  }

  return {
    ...describeCarrier(MAIL_SEND),
    slots: options.slots ?? 6,
    async run(effect, signal) {
      try {
        return await run(effect, signal)
      } catch (error) {
        // Only look-ups and the write into kept mail throw. If the database failed in the middle, the mail may be kept; the repeat finds it.
        return {
          is: 'retry',
          error: error instanceof Error ? error.message : String(error),
          mayHaveHappened: !pool,
        }
      }
    },
    close: () => pool?.close(),
  }
}

function verdictOf(handover: Handover, messageId: string, signal: AbortSignal): Verdict {
  const doubt = proofOf(handover) === 'doubt' ? { mayHaveHappened: true } : {}
  switch (handover.is) {
    case 'accepted':
      return { is: 'done', evidence: { reply: handover.reply, messageId } }
    case 'refused': {
      const error = `the mail server refused at ${handover.command}: ${handover.reply}`
      const evidence: JsonObject = { reply: handover.reply, command: handover.command }
      if (cancelled(signal)) return { is: 'stopped', evidence }
      const forGood =
        handover.code >= 500 && handover.command !== 'CONN' && !OPERATOR_REPLIES.has(handover.code)
      return {
        is: forGood && !/^(AUTH|EHLO|HELO|STARTTLS)/.test(handover.command) ? 'failed' : 'retry',
        error,
        evidence,
        ...doubt,
      }
    }
    case 'unsent':
      if (handover.aborted) return stoppedBefore(signal, handover.phase)
      return { is: 'retry', error: `not sent (${handover.phase}): ${handover.error}`, ...doubt }
    case 'unknown': {
      const evidence = { phase: 'reply', error: handover.error, messageId }
      if (cancelled(signal)) return { is: 'in_doubt', evidence }
      const error = `sent, but no answer came: ${handover.error}`
      return { is: 'retry', error, evidence, ...doubt }
    }
    default:
      return handover satisfies never
  }
}

function whyAborted({ reason }: AbortSignal): EffectAborted['why'] {
  return reason instanceof EffectAborted ? reason.why : 'cancelled'
}

function cancelled(signal: AbortSignal): boolean {
  return signal.aborted && whyAborted(signal) === 'cancelled'
}

function stoppedBefore(signal: AbortSignal, phase: string): Verdict {
  if (cancelled(signal)) return { is: 'stopped', evidence: { phase } }
  return { is: 'retry', error: `aborted before it was sent (${phase})`, afterMs: 0 }
}

function keptForm(
  effect: StartedEffect,
  mail: ComposedMail,
  more: { readonly at: Date; readonly method: string | null },
) {
  return {
    tenant: effect.tenant,
    id: effect.id,
    messageId: mail.messageId,
    envelopeFrom: mail.envelope.from,
    envelopeTo: mail.envelope.to,
    fromName: mail.from.name,
    fromAddress: mail.from.address,
    subject: mail.subject,
    method: more.method,
    raw: mail.raw,
    at: more.at,
  }
}
