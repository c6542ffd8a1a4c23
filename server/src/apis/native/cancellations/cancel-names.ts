// Cancels by a name that several may have: each of them gets a cancellation and a receipt of its own, and one that fails
// takes no other back. The same request again (by its Idempotency-Key) goes on where it was, with the same receipts.

import { createHash } from 'node:crypto'
import type { CancelledListView, CancelledView, NameOwner } from '@standdown/wire/src/receipt.ts'
import type { CameTo, CancelRequest } from '../../../core/cancellation.ts'
import { type Principal, principalKey } from '../../../core/principal.ts'
import { countOutcomes } from '../../../core/receipt.ts'
import { aimedAt } from '../../../engine/cancel/known-names.ts'
import { nativeFault } from '../faults.ts'
import type { Name } from '../name-finder.ts'
import { nativeCaller } from '../native-caller.ts'
import type { NativeEngine } from '../needs.ts'
import { cancelledView, ownerView, receiptLink } from '../views.ts'

/** Cancellations that one request makes. */
export const MOST_MATCHES = 200

export type CancelNames = {
  readonly names: readonly Name[]
  readonly reason: string | null
  readonly correlationId: string | null
  readonly requestKey: string | null
  /** Kept under the first of the names, an app that is there, when nothing of that one is live. */
  readonly early: CancelRequest['early']
}

export type CancelledNames = { readonly views: readonly CancelledView[]; readonly is: CameTo }

type NamesEngine = Pick<NativeEngine, 'known' | 'cancel'>

/**
 * The names that a cancel is about, in the order in which they were given. What is over and too much for one request is not
 * called off once more: there are none, and `isOver` says why. @throws Fault TOO_MANY_MATCHES
 */
export async function namesToCancel(
  engine: Pick<NativeEngine, 'known'>,
  caller: Principal,
  { names, requestKey }: Pick<CancelNames, 'names' | 'requestKey'>,
): Promise<{ readonly chosen: readonly Name[]; readonly isOver: boolean }> {
  const known = await engine.known({
    tenant: caller.tenant,
    caller: principalKey(caller),
    names: names.map(name => ({
      key: name.target.key,
      entity: name.target.entity,
      requestKey: requestKeyOfName(requestKey, name),
    })),
  })
  const { places, isOver } = aimedAt(known, MOST_MATCHES)
  if (places.length <= MOST_MATCHES) return { chosen: places.map(place => names[place] as Name), isOver }
  if (!isOver) throw nativeFault.TOO_MANY_MATCHES({ count: places.length, most: MOST_MATCHES })
  return { chosen: [], isOver }
}

/** @throws Fault TOO_MANY_MATCHES before anything is done; whatever else is thrown, others may be called off by then */
export async function cancelNames(
  engine: NamesEngine,
  caller: Principal,
  request: CancelNames,
): Promise<CancelledNames> {
  const [first] = request.names
  const matching = await namesToCancel(engine, caller, request)
  const isKept = request.early && first && !matching.chosen.includes(first)
  const chosen = isKept ? [first, ...matching.chosen] : matching.chosen
  // At once: the engine gathers them. All come to an end before one's fault is told.
  const settled = await Promise.allSettled(chosen.map(name => cancelOne(engine, caller, name, request)))
  const views = settled.map(one => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
  return { views, is: views.length === 0 && matching.isOver ? 'over' : allCameTo(views) }
}

async function cancelOne(
  engine: NamesEngine,
  caller: Principal,
  name: Name,
  { reason, correlationId, requestKey, early }: CancelNames,
): Promise<CancelledView> {
  const outcome = await engine.cancel({
    tenant: caller.tenant,
    target: name.target,
    by: nativeCaller(caller),
    reason,
    correlationId,
    requestKey: requestKeyOfName(requestKey, name),
    early,
  })
  // The request key is made of the name, and the name is a key: neither refusal can come.
  if ('refused' in outcome)
    throw new Error(`the cancel of ${name.target.key} was refused: ${outcome.refused}`)
  return { ...cancelledView(outcome), of: ownerView(name) }
}

/** Each name is a cancel of its own, and so is its request key. */
function requestKeyOfName(requestKey: string | null, { target }: Name): string | null {
  if (requestKey === null) return null
  const digest = createHash('sha256').update(`${target.key}\n${target.entity}`).digest('base64url')
  return `${requestKey} ${digest}`
}

/** One receipt as it always was; several, or none, as a list. */
export function cancelledAnswer({ views, is }: CancelledNames): CancelledView | CancelledListView {
  const [one] = views
  if (one && views.length === 1) return one
  return { receipts: views, is, replayed: views.length > 0 && views.every(view => view.replayed) }
}

const FIRST_SAID: readonly CameTo[] = ['cancelled', 'waiting', 'repeated', 'over']

/** Of several what matters most. */
function allCameTo(views: readonly { readonly is: CameTo }[]): CameTo {
  return FIRST_SAID.find(is => views.some(view => view.is === is)) ?? 'nothing'
}

/** What the same request is answered from now on. */
export type KeptAnswer = {
  /** The first of them, which a fault may name. */
  readonly receipt: string | null
  readonly is: CameTo
  readonly receipts: readonly { readonly receiptId: string; readonly of: NameOwner | null }[]
}

export function keptAnswer({ views, is }: CancelledNames): KeptAnswer {
  return {
    receipt: views[0]?.receipt ?? null,
    is,
    receipts: views.map(({ receiptId, of = null }) => ({ receiptId, of })),
  }
}

export function answerAgain({ receipts, is }: KeptAnswer): CancelledView | CancelledListView {
  const views = receipts.map(
    ({ receiptId, of }): CancelledView => ({
      receipt: receiptLink(receiptId),
      receiptId,
      is: 'repeated',
      replayed: true,
      early: false,
      eventIds: [],
      counts: countOutcomes([]),
      ...(of === null ? {} : { of }),
    }),
  )
  const answer = cancelledAnswer({ views, is: views.length === 0 ? is : 'repeated' })
  return 'receipts' in answer ? { ...answer, replayed: true } : answer
}
