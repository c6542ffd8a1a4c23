// The header Standdown-Parent, by which callers of the vendors' APIs say what an event hangs from: their bodies have no place
// for it.

import { EVENT_ID } from '../../../wire/src/event-id.ts'
import { type NamedParent, parentFault } from '../core/parent.ts'

const FORM = new RegExp(`^(${EVENT_ID})(?:[ \\t]*;[ \\t]*link[ \\t]*=[ \\t]*(cancel|keep))?$`)

/** Null: there is none. Given twice, Node hands it over as one text with a comma. @throws Fault INVALID_PARENT */
export function readParentHeader(header: string | readonly string[] | undefined): NamedParent | null {
  if (header === undefined) return null
  const [, id, link = 'cancel'] = (typeof header === 'string' && FORM.exec(header)) || []
  if (id === undefined) throw parentFault.INVALID_PARENT()
  return { id, link: link === 'keep' ? 'keep' : 'cancel' }
}
