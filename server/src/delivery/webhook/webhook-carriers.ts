// This folder calls webhooks. This file carries effects of kind `webhook.call` and the notices
// `webhook.withdraw`, which tell a receiver that its call was cancelled. It must not know why a receiver is
// called, and it must never connect to an address that address-guard.ts refuses. docs/webhooks.md is the
// contract with receivers.
//
//   call ── abort before an octet left ──────> stopped
//        ── abort after that ──> connection closed, waiting ── withdrawal answered ──> stopped | too late
//                                                           ── no known answer ─────> in doubt (the engine, after 30 s)

import type { Carrier } from '../../core/effects/carrier.ts'
import { EffectAborted, type NewEffect, type StartedEffect, type Verdict } from '../../core/effects/effect.ts'
import { webhookWithdraw } from '../../core/effects/effect-builders.ts'
import {
  describeCarrier,
  EFFECT_KINDS,
  WEBHOOK_CALL,
  WEBHOOK_WITHDRAW,
} from '../../core/effects/effect-kinds.ts'
import { laneOf } from '../../core/effects/lane.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Health } from '../failing-receivers.ts'
import { oneLine } from '../one-line.ts'
import { readAllowList } from './address-guard.ts'
import { type Endpoint, readEndpoint } from './endpoint.ts'
import { type Posted, post } from './post.ts'
import { proofOf } from './proof.ts'
import { healthOf } from './receiver-health.ts'
import { createLookup, type Lookup } from './resolver.ts'
import { webhookHeaders } from './signature.ts'
import { evidenceOf, refusalOf, verdictOfAnswer } from './webhook-verdict.ts'

export type WebhookCarrierOptions = {
  /** The keys that sign for an endpoint (see readWebhookSecret), the newest first; null or none: it cannot be called. */
  readonly secretFor: (
    tenant: string,
    secretRef: string,
  ) => Promise<Uint8Array | readonly Uint8Array[] | null>
  /** The tenant's allow-list of otherwise refused hosts; see readAllowList. Asked at every attempt. */
  readonly allowed: (tenant: string) => Promise<readonly string[]>
  readonly now: () => Date
  /** Default: {@link createLookup}. */
  readonly lookup?: Lookup
  /** For resolving, connecting and the TLS handshake, ms. Default 5,000. */
  readonly connectMs?: number
  /** From the first octet of the request to the end of the answer, ms; up to half as much more is given. Default 15,000. */
  readonly answerMs?: number
  /** Calls at once per tenant and lane (host and port). Default 4. */
  readonly slots?: number
  /** Further trusted authorities for https, PEM. */
  readonly ca?: string
  /** Called after every attempt with what the attempt shows of its receiver, by host and port. */
  readonly observe?: (tenant: string, receiver: string, health: Health) => void
}

/** Type of the event that tells of a call that was called off. */
export const EFFECT_CANCELLED = 'effect.cancelled'

/** The wait for an answer is longer by up to this fraction. So calls that began together do not time out and retry together. */
const SPREAD = 0.5

const EVENT_TYPE = /^[A-Za-z0-9_.-]{1,128}$/

/** Of an id, from 0 to 1, evenly: its last two octets are random. */
function fractionOf(id: string): number {
  return Number.parseInt(id.slice(-4), 16) / 0x10000 || 0
}

export function createWebhookCarriers(options: WebhookCarrierOptions): {
  readonly carriers: readonly Carrier[]
  close(): void
} {
  const {
    secretFor,
    allowed,
    now,
    lookup = createLookup(),
    connectMs = 5000,
    answerMs = 15_000,
    ca,
  } = options
  const slots = options.slots ?? 4
  const closing = new AbortController()

  async function send(
    effect: StartedEffect,
    message: { readonly id: string; readonly endpoint: Endpoint; readonly content: JsonObject },
    signal: AbortSignal,
  ): Promise<Posted | { readonly is: 'no_secret' }> {
    const { id, endpoint, content } = message
    const found = await secretFor(effect.tenant, endpoint.secretRef)
    const secrets = found === null ? [] : found instanceof Uint8Array ? [found] : found
    if (secrets.length === 0) return { is: 'no_secret' }
    const list = readAllowList(await allowed(effect.tenant))
    const body = JSON.stringify(content)
    const timestamp = Math.floor(now().getTime() / 1000)
    const posted = await post({
      url: endpoint.url,
      body,
      headers: webhookHeaders({ id, timestamp, body }, secrets),
      allowed: list,
      lookup: host => lookup(host, effect.tenant),
      connectMs,
      answerMs: Math.round(answerMs * (1 + SPREAD * fractionOf(id))),
      ca,
      signal: AbortSignal.any([signal, closing.signal]),
    })
    const health = signal.aborted || closing.signal.aborted ? null : healthOf(posted)
    if (health) options.observe?.(effect.tenant, laneOf(endpoint.url), health)
    return posted
  }

  async function call(effect: StartedEffect, signal: AbortSignal): Promise<Verdict> {
    const { type, payload } = effect.data
    const endpoint = readEndpoint(effect.data)
    if (typeof endpoint === 'string') return { is: 'failed', error: `${WEBHOOK_CALL}: ${endpoint}` }
    if (typeof type !== 'string' || !EVENT_TYPE.test(type)) {
      return {
        is: 'failed',
        error: `${WEBHOOK_CALL}: type is not a name of letters, digits, dots and underscores`,
      }
    }
    // The same octets at every attempt: the timestamp is that of the event, the attempt's stands in its header.
    const content = { type, timestamp: effect.dueAt.toISOString(), data: payload ?? {} }
    const posted = await send(effect, { id: effect.id, endpoint, content }, signal)
    if (posted.is === 'answered') return verdictOfAnswer(posted, now())
    if (posted.is === 'no_secret') return noSecret(endpoint)
    if (posted.is === 'no_answer') {
      // Only the receiver knows. The withdrawal notice of the cancel asks it.
      if (cancelled(signal)) return { is: 'waiting', evidence: { phase: 'sent', error: posted.error } }
      return { is: 'retry', error: posted.error, mayHaveHappened: proofOf(posted, now()) === 'doubt' }
    }
    if (cancelled(signal)) return { is: 'stopped', evidence: { phase: 'connect' } }
    return refusalOf(posted)
  }

  function withdraw(effect: {
    readonly id: string
    readonly data: JsonObject
    readonly title: string
  }): NewEffect | null {
    const endpoint = readEndpoint(effect.data)
    if (typeof endpoint === 'string') return null
    const { url, secretRef } = endpoint
    return webhookWithdraw(
      { url: url.href, secretRef, effectId: effect.id, type: effect.data.type ?? null },
      {
        title: oneLine(EFFECT_KINDS[WEBHOOK_WITHDRAW].title(effect.title), 200),
        due: { afterMs: 0 },
      },
    )
  }

  async function tell(effect: StartedEffect, signal: AbortSignal): Promise<Verdict> {
    const { effectId, type } = effect.data
    const endpoint = readEndpoint(effect.data)
    if (typeof endpoint === 'string' || typeof effectId !== 'string') {
      return {
        is: 'failed',
        error: `${WEBHOOK_WITHDRAW}: ${typeof endpoint === 'string' ? endpoint : 'no effectId'}`,
      }
    }
    const content = {
      type: EFFECT_CANCELLED,
      timestamp: effect.dueAt.toISOString(),
      data: { effectId, cancellationId: effect.noticeOf, type: type ?? null },
    }
    const posted = await send(effect, { id: effectId, endpoint, content }, signal)
    if (posted.is === 'no_secret') return noSecret(endpoint)
    if (posted.is === 'no_answer') return { is: 'retry', error: posted.error, mayHaveHappened: true }
    if (posted.is === 'not_begun') return refusalOf(posted)
    const verdict = verdictOfAnswer(posted, now())
    if (verdict.is !== 'done') return verdict
    const outcome = outcomeIn(posted.body)
    const evidence: JsonObject = { ...evidenceOf(posted), outcome }
    if (outcome === null) return { is: 'done', evidence }
    const result = { resolves: effectId, outcome: outcome === 'stopped' ? 'stopped' : 'too_late', evidence }
    return { is: 'done', evidence, result }
  }

  return {
    carriers: [
      { ...describeCarrier(WEBHOOK_CALL), slots, run: guarded(call), withdraw },
      { ...describeCarrier(WEBHOOK_WITHDRAW), slots, run: guarded(tell) },
    ],
    close: () => closing.abort(new EffectAborted('shutdown')),
  }
}

/** The outcome in a receiver's answer to `effect.cancelled`; null when there is none that we know. */
function outcomeIn(body: string): 'stopped' | 'took_effect' | null {
  try {
    const outcome = (JSON.parse(body) as { outcome?: unknown } | null)?.outcome
    return outcome === 'stopped' || outcome === 'took_effect' ? outcome : null
  } catch {
    return null
  }
}

function noSecret(endpoint: Endpoint): Verdict {
  return {
    is: 'failed',
    error: `there is no secret ${JSON.stringify(endpoint.secretRef.slice(0, 100))} to sign with`,
  }
}

function cancelled(signal: AbortSignal): boolean {
  return signal.aborted && !(signal.reason instanceof EffectAborted && signal.reason.why !== 'cancelled')
}

// Looking up secrets and allow-lists may throw, before anything has left.
function guarded(run: Carrier['run']): Carrier['run'] {
  return async (effect, signal) => {
    try {
      return await run(effect, signal)
    } catch (error) {
      return { is: 'retry', error: error instanceof Error ? error.message : String(error) }
    }
  }
}
