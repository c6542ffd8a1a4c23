// The header Standdown-Parent: it names the parent of an event for callers of the vendors' APIs, whose bodies have no field for it.

import { EVENT_ID } from '../../../wire/src/event-id.ts'
import { parentFault } from '../core/faults.ts'
import type { NamedParent } from '../core/parent.ts'

const FORM = new RegExp(`^(${EVENT_ID})(?:[ \\t]*;[ \\t]*link[ \\t]*=[ \\t]*(cancel|keep))?$`)

/** Null when there is none. If it was sent twice, Node joins the two by a comma, and it is invalid. @throws Fault INVALID_PARENT */
export function readParentHeader(header: string | readonly string[] | undefined): NamedParent | null {
  if (header === undefined) return null
  const [, id, link = 'cancel'] = (typeof header === 'string' && FORM.exec(header)) || []
  if (id === undefined) throw parentFault.INVALID_PARENT()
  return { id, link: link === 'keep' ? 'keep' : 'cancel' }
}
