// Cancel, and the organizer's delete: both call the meeting off through the engine; only a cancel carries a comment.

import type { Caller } from '../../core/cancellation.ts'
import { shardOfId } from '../../core/ids.ts'
import type { CalendarNeeds } from '../needs.ts'
import type { MeetingRow } from '../rows.ts'
import { sql } from '../statements.ts'
import type { Item } from './meeting.ts'

export type MeetingCancel = {
  readonly item: Item
  /** False when the caller named the item by an id that it had before it was moved. */
  readonly current: boolean
  readonly by: Caller
  readonly verb: 'cancel' | 'delete'
  /** The organizer's words to all attendees, verbatim; at most 10,000 characters. */
  readonly comment: string | null
  /** client-request-id: the same again gets the same answer and receipt. */
  readonly clientRequestId: string | null
}

export type MeetingCancelled =
  | { readonly is: 'cancelled'; readonly receiptId: string }
  | { readonly is: 'not_organizer' }
  /** It is in no calendar any more. `receiptId`: the cancellation that removed it. */
  | { readonly is: 'gone'; readonly receiptId: string | null }

export async function cancelMeeting(needs: CalendarNeeds, request: MeetingCancel): Promise<MeetingCancelled> {
  const { item, by } = request
  if (item.role !== 'organizer')
    return request.current ? { is: 'not_organizer' } : { is: 'gone', receiptId: null }
  // Some clients send the same client-request-id with every request, so it counts per meeting and operation.
  const requestKey =
    request.clientRequestId === null ? null : `${request.verb}:${item.meetingId}:${request.clientRequestId}`
  if (!request.current || item.folder === 'deleteditems' || item.isCancelled)
    return await afterwards(needs, item, { caller: by.principal, requestKey })
  const at = await needs.engine.now(item.tenant)
  const outcome = await needs.engine.cancel({
    tenant: item.tenant,
    target: { eventId: item.meetingId },
    by,
    reason: request.comment,
    correlationId: request.clientRequestId,
    requestKey,
    data: { at: at.toISOString(), verb: request.verb },
  })
  if (!('refused' in outcome)) return { is: 'cancelled', receiptId: outcome.receiptId }
  return outcome.refused === 'request_key_reused'
    ? { is: 'cancelled', receiptId: outcome.receiptId }
    : { is: 'gone', receiptId: null }
}

/** The same request again gets the receipt that it got; any other finds the meeting gone, as Exchange says (404). */
async function afterwards(
  needs: CalendarNeeds,
  item: Item,
  again: { readonly caller: string; readonly requestKey: string | null },
): Promise<MeetingCancelled> {
  const values = [shardOfId(item.meetingId), item.meetingId, item.tenant]
  const [meeting] = await needs.db.query<MeetingRow>(sql('meeting'), values)
  const receiptId = meeting?.cancellation_id ?? null
  const same =
    again.requestKey !== null &&
    meeting?.cancel_caller === again.caller &&
    meeting.cancel_request_key === again.requestKey
  return same && receiptId !== null ? { is: 'cancelled', receiptId } : { is: 'gone', receiptId }
}
