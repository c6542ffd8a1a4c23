// Creating, cancelling and deleting: from a resolved address to the calendar's verb, and from its outcome to a status.

import type { Caller } from '../../core/cancellation.ts'
import { principalKey } from '../../core/principal.ts'
import { readParentHeader } from '../../http/parent-header.ts'
import { graphFault, NOT_ORGANIZER } from './faults.ts'
import type { Answer, Asked } from './graph-request.ts'
import { isDraftOnly, isInDraft } from './path.ts'
import { readCancel } from './read-cancel.ts'
import { readEvent } from './read-event.ts'
import type { FoundItem, Scope } from './resolve.ts'
import { etagOf, itemId, writeEvent } from './write-event.ts'

export async function createOne(asked: Asked, { mailbox, calendar }: Scope): Promise<Answer> {
  const draft = readEvent(asked.body)
  const named = readParentHeader(asked.parent)
  const parent = named && (await asked.needs.findParent(asked.principal, named))
  const target = calendar ?? (await asked.needs.calendar.defaultCalendar(mailbox))
  const id = await asked.needs.calendar.createMeeting({
    mailbox,
    calendarId: target.id,
    draft,
    correlationId: asked.clientRequestId,
    parent,
  })
  const item = await asked.needs.calendar.findItem(mailbox, id)
  if (!item) throw new Error('an event that was created and is not there')
  const owner = `${mailbox.kind === 'user' ? 'users' : 'groups'}('${mailbox.id}')`
  return {
    status: 201,
    body: {
      '@odata.context': `${asked.root}/$metadata#${owner}/events/$entity`,
      ...writeEvent(item, mailbox, asked),
    },
    location: `${asked.root}/${owner}/events('${itemId(item)}')`,
  }
}

export async function cancelOne(asked: Asked, scope: Scope): Promise<Answer> {
  const found = foundIn(scope)
  // Read before the organizer is asked for, so that a body that is no cancel's never passes for one.
  const comment = readCancel(asked.body)
  const outcome = await asked.needs.calendar.cancelMeeting({
    ...found,
    by: callerOf(asked),
    verb: 'cancel',
    comment,
    clientRequestId: asked.clientRequestId,
  })
  if (outcome.is === 'not_organizer') throw graphFault.ErrorInvalidRequest(NOT_ORGANIZER)
  if (outcome.is === 'gone') throw gone(outcome.receiptId)
  return { status: cancelStatus(asked), receiptId: outcome.receiptId }
}

export async function deleteOne(asked: Asked, scope: Scope): Promise<Answer> {
  if (asked.steps.at(-2)?.node === 'calendarView')
    throw graphFault.MethodNotAllowed({ method: 'DELETE', allow: 'GET' })
  const found = foundIn(scope)
  const { ifMatch } = asked
  if (found.current && ifMatch !== null && ifMatch !== '*' && ifMatch !== etagOf(found.item))
    throw graphFault.ErrorIrresolvableConflict()
  const outcome = await asked.needs.calendar.deleteEvent({
    ...found,
    by: callerOf(asked),
    clientRequestId: asked.clientRequestId,
  })
  if (outcome.is === 'gone') throw gone(outcome.receiptId)
  return outcome.is === 'cancelled' ? { status: 204, receiptId: outcome.receiptId } : { status: 204 }
}

/** 202 as documented today; 204 for the forms that only the draft lists, and where the draft itself was published. */
function cancelStatus({ steps, version }: Asked): 202 | 204 {
  if (isDraftOnly(steps)) return 204
  return version === 'docs/api' && isInDraft(steps) ? 204 : 202
}

function foundIn({ found }: Scope): FoundItem {
  if (!found) throw graphFault.ErrorItemNotFound()
  return found
}

/** The error handler makes a Standdown-Receipt header of it: what took the event away. */
function gone(receiptId: string | null) {
  return graphFault.ErrorItemNotFound(receiptId === null ? {} : { receiptId })
}

function callerOf({ principal }: Asked): Caller {
  return { principal: principalKey(principal), api: 'graph', name: principal.name }
}
