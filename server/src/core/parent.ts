// What an event may hang from: an event of any API, which its caller may use. What goes wrong with it reads the same in every
// API, each in its own shape.

import type { Link } from './effects/effect.ts'
import type { Announced } from './event.ts'
import { faults } from './fault.ts'
import type { Principal } from './principal.ts'

/** A parent that was found and may be used; `id` is the engine's. */
export type Parent = { readonly id: string; readonly link: Link }

/** As a caller names it: an id of any API. */
export type NamedParent = { readonly id: string; readonly link: Link }

/** The one rule of who may use what; compose hands it to each API. @throws Fault PARENT_NOT_FOUND */
export type FindParent = (principal: Principal, named: NamedParent) => Promise<Parent>

export const parentFault = faults({
  INVALID_PARENT: {
    status: 400,
    message: "Standdown-Parent is an event's id, with `; link=keep` behind it if you like.",
  },
  // One text for what nobody has and for what is another's.
  PARENT_NOT_FOUND: { status: 404, message: 'There is no event {id} here that this could hang from.' },
  PARENT_CANCELLED: {
    status: 409,
    message: 'The event {id}, which this was to hang from, was called off: nothing is born from it.',
  },
  TREE_TOO_DEEP: {
    status: 400,
    message:
      'The event {id} stands as deep below others as an event may: nothing can hang from it, except with `link=keep`, which begins anew.',
  },
})

/** @throws Fault when it was refused because of its parent: nothing of it may be kept */
export function refuseWithParent(announced: Announced | undefined): void {
  if (announced?.is === 'parent_unknown') throw parentFault.PARENT_NOT_FOUND({ id: announced.parentId })
  if (announced?.is === 'too_deep') throw parentFault.TREE_TOO_DEEP({ id: announced.parentId })
  if (announced?.is !== 'parent_cancelled') return
  const { parentId: id, cancellationId: receiptId } = announced
  const receipt = receiptId === null ? null : `/api/v1/receipts/${receiptId}`
  throw parentFault.PARENT_CANCELLED({ id, receiptId, receipt })
}
