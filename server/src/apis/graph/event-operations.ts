// Creating, cancelling and deleting events: calls the calendar with the resolved address, and turns the outcome into a status.

import type { Caller } from '../../core/cancellation.ts'
import { principalKey } from '../../core/principal.ts'
import { readParentHeader } from '../../http/parent-header.ts'
import { graphFault, NOT_ORGANIZER } from './faults.ts'
import type { GraphRequest, GraphResponse } from './graph-request.ts'
import { isDraftOnly, isInDraft } from './path.ts'
import { readCancel } from './read-cancel.ts'
import { readEvent } from './read-event.ts'
import type { FoundItem, Scope } from './resolve.ts'
import { etagOf, itemId, writeEvent } from './write-event.ts'

export async function createOne(request: GraphRequest, { mailbox, calendar }: Scope): Promise<GraphResponse> {
  const draft = readEvent(request.body)
  const named = readParentHeader(request.parent)
  const parent = named && (await request.needs.findParent(request.principal, named))
  const target = calendar ?? (await request.needs.calendar.defaultCalendar(mailbox))
  const id = await request.needs.calendar.createMeeting({
    mailbox,
    calendarId: target.id,
    draft,
    correlationId: request.clientRequestId,
    parent,
  })
  const item = await request.needs.calendar.findItem(mailbox, id)
  if (!item) throw new Error(`event ${id} was created, and cannot be found`)
  const mailboxPath = `${mailbox.kind === 'user' ? 'users' : 'groups'}('${mailbox.id}')`
  return {
    status: 201,
    body: {
      '@odata.context': `${request.root}/$metadata#${mailboxPath}/events/$entity`,
      ...writeEvent(item, mailbox, request),
    },
    location: `${request.root}/${mailboxPath}/events('${itemId(item)}')`,
  }
}

export async function cancelOne(request: GraphRequest, scope: Scope): Promise<GraphResponse> {
  const found = foundIn(scope)
  // The body is read before the organizer is checked, so that a body that is not valid is always refused.
  const comment = readCancel(request.body)
  const outcome = await request.needs.calendar.cancelMeeting({
    ...found,
    by: callerOf(request),
    verb: 'cancel',
    comment,
    clientRequestId: request.clientRequestId,
  })
  if (outcome.is === 'not_organizer') throw graphFault.ErrorInvalidRequest(NOT_ORGANIZER)
  if (outcome.is === 'gone') throw gone(outcome.receiptId)
  return { status: cancelStatus(request), receiptId: outcome.receiptId }
}

export async function deleteOne(request: GraphRequest, scope: Scope): Promise<GraphResponse> {
  if (request.steps.at(-2)?.node === 'calendarView')
    throw graphFault.MethodNotAllowed({ method: 'DELETE', allow: 'GET' })
  const found = foundIn(scope)
  const { ifMatch } = request
  if (found.current && ifMatch !== null && ifMatch !== '*' && ifMatch !== etagOf(found.item))
    throw graphFault.ErrorIrresolvableConflict()
  const outcome = await request.needs.calendar.deleteEvent({
    ...found,
    by: callerOf(request),
    clientRequestId: request.clientRequestId,
  })
  if (outcome.is === 'gone') throw gone(outcome.receiptId)
  return outcome.is === 'cancelled' ? { status: 204, receiptId: outcome.receiptId } : { status: 204 }
}

/** 202 as today's documentation says; 204 for the forms that only the draft lists, and below the draft's own prefix. */
function cancelStatus({ steps, version }: GraphRequest): 202 | 204 {
  if (isDraftOnly(steps)) return 204
  return version === 'docs/api' && isInDraft(steps) ? 204 : 202
}

function foundIn({ found }: Scope): FoundItem {
  if (!found) throw graphFault.ErrorItemNotFound()
  return found
}

/** The error handler puts `receiptId` into the Standdown-Receipt header: the receipt of the cancel that removed the event. */
function gone(receiptId: string | null) {
  return graphFault.ErrorItemNotFound(receiptId === null ? {} : { receiptId })
}

function callerOf({ principal }: GraphRequest): Caller {
  return { principal: principalKey(principal), api: 'graph', name: principal.name }
}
