// The parent of an event: an event of any API that the caller may use. The errors about a parent have the same text in every API,
// and each API writes them in its own shape.

import type { Link } from './effects/effect.ts'
import type { Announced } from './event.ts'
import { parentFault } from './faults.ts'
import type { Principal } from './principal.ts'

/** A parent that was found and may be used; `id` is the engine's id. */
export type Parent = { readonly id: string; readonly link: Link }

/** A parent as the caller names it: by an id of any API. */
export type NamedParent = { readonly id: string; readonly link: Link }

/** The one rule about who may use which event; compose gives it to each API. @throws Fault PARENT_NOT_FOUND */
export type FindParent = (principal: Principal, named: NamedParent) => Promise<Parent>

/** @throws Fault when the announcement was refused because of its parent. Then nothing of it may be stored */
export function refuseWithParent(announced: Announced | undefined): void {
  if (announced?.is === 'parent_unknown') throw parentFault.PARENT_NOT_FOUND({ id: announced.parentId })
  if (announced?.is === 'too_deep') throw parentFault.TREE_TOO_DEEP({ id: announced.parentId })
  if (announced?.is !== 'parent_cancelled') return
  const { parentId: id, cancellationId: receiptId } = announced
  const receipt = receiptId === null ? null : `/api/v1/receipts/${receiptId}`
  throw parentFault.PARENT_CANCELLED({ id, receiptId, receipt })
}
