// Cancels by a name that several owners may have. Each owner gets a cancellation and a receipt of its own, and one that fails does not
// undo the others. The same request again (by its Idempotency-Key) continues after the last one that was done, with the same receipts.

import { createHash } from 'node:crypto'
import type { CancelledListView, CancelledView, NameOwner } from '@standdown/wire/src/cancellation.ts'
import type { CancelRequest, CancelStatus } from '../../../core/cancellation.ts'
import { type Principal, principalKey } from '../../../core/principal.ts'
import { countOutcomes } from '../../../core/receipt.ts'
import { aimedAt } from '../../../engine/cancel/known-names.ts'
import { nativeFault } from '../faults.ts'
import type { Name } from '../name-finder.ts'
import { nativeCaller } from '../native-caller.ts'
import type { NativeEngine } from '../native-engine.ts'
import { cancelledView, ownerView, receiptLink } from '../views.ts'

/** Cancellations of one request. */
export const MAX_MATCHES = 200

export type CancelNames = {
  readonly names: readonly Name[]
  readonly reason: string | null
  readonly correlationId: string | null
  readonly requestKey: string | null
  /** An early cancellation is kept for the first name when nothing with that name is live. */
  readonly early: CancelRequest['early']
}

export type CancelledNames = { readonly views: readonly CancelledView[]; readonly is: CancelStatus }

type NamesEngine = Pick<NativeEngine, 'known' | 'cancel'>

/**
 * The names for which there is something to cancel, in the given order. If too many for one request match and all of them are over,
 * the list is empty and `isOver` is true: they are not called off once more. @throws Fault TOO_MANY_MATCHES
 */
export async function namesToCancel(
  engine: Pick<NativeEngine, 'known'>,
  caller: Principal,
  { names, requestKey }: Pick<CancelNames, 'names' | 'requestKey'>,
): Promise<{ readonly selected: readonly Name[]; readonly isOver: boolean }> {
  const known = await engine.known({
    tenant: caller.tenant,
    caller: principalKey(caller),
    names: names.map(name => ({
      key: name.target.key,
      entity: name.target.entity,
      requestKey: requestKeyOfName(requestKey, name),
    })),
  })
  const { positions, isOver } = aimedAt(known, MAX_MATCHES)
  if (positions.length <= MAX_MATCHES) return { selected: positions.map(at => names[at] as Name), isOver }
  if (!isOver) throw nativeFault.TOO_MANY_MATCHES({ count: positions.length, most: MAX_MATCHES })
  return { selected: [], isOver }
}

/** @throws Fault TOO_MANY_MATCHES before anything is done. After any other error, some names may have been called off already. */
export async function cancelNames(
  engine: NamesEngine,
  caller: Principal,
  request: CancelNames,
): Promise<CancelledNames> {
  const [first] = request.names
  const matching = await namesToCancel(engine, caller, request)
  const isKept = request.early && first && !matching.selected.includes(first)
  const selected = isKept ? [first, ...matching.selected] : matching.selected
  // All at the same time: the engine batches them. All of them end before the fault of one is thrown.
  const settled = await Promise.allSettled(selected.map(name => cancelOne(engine, caller, name, request)))
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
  // The engine refuses a reused request key, or an unknown event id. The request key contains the name, and the target is a key, not an id.
  if ('refused' in outcome)
    throw new Error(`the cancel of ${name.target.key} was refused: ${outcome.refused}`)
  return { ...cancelledView(outcome), of: ownerView(name) }
}

/** Each name is a cancel of its own, so it needs a request key of its own. */
function requestKeyOfName(requestKey: string | null, { target }: Name): string | null {
  if (requestKey === null) return null
  const digest = createHash('sha256').update(`${target.key}\n${target.entity}`).digest('base64url')
  return `${requestKey} ${digest}`
}

/** A single cancellation as an object; several, or none, as a list. */
export function cancelledAnswer({ views, is }: CancelledNames): CancelledView | CancelledListView {
  const [one] = views
  if (one && views.length === 1) return one
  return { receipts: views, is, replayed: views.length > 0 && views.every(view => view.replayed) }
}

const BY_WEIGHT: readonly CancelStatus[] = ['cancelled', 'waiting', 'repeated', 'over']

/** The result of several cancels: that of the one that matters most. */
function allCameTo(views: readonly { readonly is: CancelStatus }[]): CancelStatus {
  return BY_WEIGHT.find(is => views.some(view => view.is === is)) ?? 'nothing'
}

/** The answer that is kept for the same request, should it come again. */
export type KeptAnswer = {
  /** The first receipt, which a fault may name. */
  readonly receipt: string | null
  readonly is: CancelStatus
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
