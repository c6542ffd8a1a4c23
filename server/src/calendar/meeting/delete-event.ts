// Delete. By the organizer it calls the meeting off without a comment. By an attendee it moves the attendee's copy to Deleted Items,
// and nobody is notified.

import { shardOfId } from '../../core/ids.ts'
import type { CalendarNeeds } from '../needs.ts'
import { sql } from '../statements.ts'
import { cancelMeeting, type MeetingCancel, type MeetingCancelled } from './cancel-meeting.ts'

export type EventDeleted =
  | Exclude<MeetingCancelled, { readonly is: 'not_organizer' }>
  | { readonly is: 'deleted' }

export async function deleteEvent(
  needs: CalendarNeeds,
  request: Omit<MeetingCancel, 'verb' | 'comment'>,
): Promise<EventDeleted> {
  const { item, current } = request
  if (item.role === 'organizer') {
    const outcome = await cancelMeeting(needs, { ...request, verb: 'delete', comment: null })
    return outcome.is === 'not_organizer' ? { is: 'gone', receiptId: null } : outcome
  }
  if (!current || item.folder === 'deleteditems') return { is: 'gone', receiptId: null }
  const at = await needs.engine.now(item.tenant)
  const deleted = await needs.db.transaction('calendar.delete-copy', tx =>
    tx.query(sql('delete-copy'), [shardOfId(item.id), item.id, item.tenant, item.mailboxId, at]),
  )
  return deleted.length > 0 ? { is: 'deleted' } : { is: 'gone', receiptId: null }
}
