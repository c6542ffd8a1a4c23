// Carrier `calendar.deliver`: puts an attendee's own copy of a meeting and the request into the mailbox of a user of the
// tenant, in one commit. The meeting's row is locked first. A cancel changes that row, so either it sees this copy and
// calls it off by its own notice, or this delivery sees the cancel and does nothing: never a live copy of a dead meeting.

import type { Carrier } from '../../core/effects/carrier.ts'
import type { StartedEffect, Verdict } from '../../core/effects/effect.ts'
import {
  CALENDAR_DELIVER,
  type CalendarDeliverData,
  describeCarrier,
} from '../../core/effects/effect-kinds.ts'
import { makeId, shardOfId } from '../../core/ids.ts'
import { mailboxKey } from '../../core/mail-address.ts'
import type { Tx } from '../../store/database.ts'
import { mailedAttendees } from '../itip/meeting-mail.ts'
import { defaultCalendar, mailboxOfUser } from '../mailbox/mailboxes.ts'
import { insertMessages } from '../mailbox/messages.ts'
import type { CalendarNeeds } from '../needs.ts'
import type { ItemRow, MeetingRow } from '../rows.ts'
import { sql } from '../statements.ts'
import { requestMessage } from './create-meeting.ts'
import type { CalendarFolder, ItemData, Mailbox } from './meeting.ts'

export function invitationCarrier(needs: CalendarNeeds): Carrier {
  return {
    ...describeCarrier(CALENDAR_DELIVER),
    slots: 8,
    async run(effect, signal) {
      if (signal.aborted) return { is: 'stopped' }
      const { meetingId, itemId, organizerMailboxId, userId } = effect.data as Partial<CalendarDeliverData>
      if (!meetingId || !itemId || !organizerMailboxId || !userId)
        return { is: 'failed', error: 'the effect does not name a meeting and a user' }
      const user = await needs.directory.user(effect.tenant, userId)
      if (!user) return { is: 'skipped', evidence: { reason: 'the user is gone' } }
      const mailbox = mailboxOfUser(effect.tenant, user)
      const calendar = await defaultCalendar(needs, mailbox)
      const at = await needs.engine.now(effect.tenant)
      return await needs.db.transaction(CALENDAR_DELIVER, tx =>
        deliver(needs, tx, { effect, meetingId, itemId, organizerMailboxId, mailbox, calendar, at }),
      )
    },
  }
}

type Delivery = {
  readonly effect: StartedEffect
  readonly meetingId: string
  readonly itemId: string
  readonly organizerMailboxId: string
  readonly mailbox: Mailbox
  readonly calendar: CalendarFolder
  readonly at: Date
}

async function deliver(needs: CalendarNeeds, tx: Tx, delivery: Delivery): Promise<Verdict> {
  const { effect, meetingId, mailbox, calendar, at } = delivery
  const shard = shardOfId(meetingId)
  const [meeting] = await tx.query<MeetingRow>(sql('meeting-for-share'), [shard, meetingId, effect.tenant])
  if (!meeting) return { is: 'failed', error: 'there is no such meeting' }
  if (meeting.cancelled_at !== null)
    return { is: 'stopped', evidence: { reason: 'the meeting was called off' } }
  const values = [shard, delivery.itemId, effect.tenant, delivery.organizerMailboxId]
  const [original] = await tx.query<ItemRow>(sql('find-item'), values)
  if (!original) return { is: 'failed', error: "the organizer's event is gone" }
  const data = copyFor(original.data, mailbox)
  const id = makeId(shard, at.getTime(), needs.random)
  await tx.query(sql('insert-item'), [
    shard,
    id,
    effect.tenant,
    mailbox.id,
    calendar.id,
    meetingId,
    'attendee',
    original.start_at,
    original.end_at,
    at,
    JSON.stringify(data),
  ])
  // The message takes the effect's id, so that a repeat after a crash finds it there.
  const to = data.hideAttendees ? [{ name: mailbox.name, address: mailbox.address }] : mailedAttendees(data)
  const message = { id: effect.id, mailbox, folder: 'inbox', kind: 'meetingRequest', sentAt: at } as const
  const when = { startAt: original.start_at, endAt: original.end_at }
  await insertMessages(tx, [{ ...message, meetingId, data: requestMessage(data, when, to) }])
  return { is: 'done', evidence: { mailbox: mailbox.address, folders: ['calendar', 'inbox'] } }
}

function copyFor(data: ItemData, mailbox: Mailbox): ItemData {
  const own = (address: string) => mailboxKey(address) === mailboxKey(mailbox.address)
  return {
    ...data,
    attendees: data.hideAttendees ? data.attendees.filter(({ address }) => own(address)) : data.attendees,
    // Outlook keeps an invitation as tentative until its owner answers; a free one stays free.
    showAs: data.showAs === 'free' ? 'free' : 'tentative',
    response: 'notResponded',
    // Both are the organizer's own business.
    categories: [],
    transactionId: null,
  }
}
