// What a cancelled meeting means in mailboxes, inside the cancel's own transaction: SEQUENCE goes up, the organizer's event
// moves to Deleted Items, and everybody whom an invitation has reached, or may have reached, must get a cancellation.

import type { NewEffect } from '../../core/effects/effect.ts'
import { calendarDeliverCancel } from '../../core/effects/effect-builders.ts'
import { CALENDAR_DELIVER_CANCEL, EFFECT_KINDS, MAIL_SEND } from '../../core/effects/effect-kinds.ts'
import { makeId, shardOfId } from '../../core/ids.ts'
import type { JsonObject } from '../../core/json.ts'
import { mailboxKey } from '../../core/mail-address.ts'
import type { CancelledEvent } from '../../engine/domain.ts'
import type { Tx } from '../../store/database.ts'
import { cancellationMails, type MailedMeeting, mailedAttendees } from '../itip/meeting-mail.ts'
import { insertMessages, type NewMessage } from '../mailbox/messages.ts'
import type { CalendarNeeds } from '../needs.ts'
import { sql } from '../statements.ts'
import { titleOf } from './create-meeting.ts'
import type { Address, ItemData, MessageData } from './meeting.ts'

type CancelledRow = {
  readonly id: string
  readonly tenant: string
  readonly ical_uid: string
  readonly sequence: number
  readonly cancelled_at: Date
}
type OrganizerRow = {
  readonly meeting_id: string
  readonly mailbox_id: string
  readonly start_at: Date
  readonly end_at: Date
  readonly data: ItemData
}
type CopyRow = Address & { readonly meeting_id: string; readonly mailbox_id: string }

/** The `cancelled` hook of meetings: the cancellations to send, by meeting. */
export async function meetingsCancelled(
  needs: CalendarNeeds,
  tx: Tx,
  events: readonly CancelledEvent[],
): Promise<ReadonlyMap<string, readonly NewEffect[]>> {
  const meetings = await callOff(tx, events)
  const ids = meetings.map(({ id }) => id)
  const shards = ids.map(shardOfId)
  const originals = byMeeting(
    await tx.query<OrganizerRow>(sql('delete-cancelled-items'), [
      shards,
      ids,
      meetings.map(m => m.cancelled_at),
    ]),
  )
  // This statement begins after the meetings' rows were locked. So it sees every delivery that was committed, and no other can follow.
  const copies = byMeeting(await tx.query<CopyRow>(sql('copies-of-meetings'), [shards, ids]))
  const notices = new Map<string, readonly NewEffect[]>()
  const sent: NewMessage[] = []
  for (const row of meetings) {
    const event = events.find(({ event }) => event.id === row.id)
    const original = originals.get(row.id)?.[0]
    if (!event || !original) continue
    const following = noticesOf(event, row, original, copies.get(row.id) ?? [])
    notices.set(row.id, following.notices)
    if (following.notified.length === 0) continue
    sent.push({
      id: makeId(shardOfId(row.id), row.cancelled_at.getTime(), needs.random),
      mailbox: { tenant: row.tenant, id: original.mailbox_id },
      folder: 'sentitems',
      meetingId: row.id,
      kind: 'meetingCancelled',
      sentAt: row.cancelled_at,
      data: following.message,
    })
  }
  await insertMessages(tx, sent)
  return notices
}

async function callOff(tx: Tx, events: readonly CancelledEvent[]) {
  return await tx.query<CancelledRow>(sql('cancel-meetings'), [
    events.map(({ event }) => shardOfId(event.id)),
    events.map(({ event }) => event.id),
    events.map(({ event }) => event.tenant),
    events.map(({ at }) => at),
    events.map(({ cancellationId }) => cancellationId),
    events.map(({ request }) => request.by.principal),
    events.map(({ request }) => request.requestKey ?? null),
  ])
}

function noticesOf(
  event: CancelledEvent,
  row: CancelledRow,
  original: OrganizerRow,
  copies: readonly CopyRow[],
) {
  const { data } = original
  const comment = event.request.reason ?? null
  const meeting: MailedMeeting = {
    iCalUid: row.ical_uid,
    sequence: row.sequence,
    stamp: row.cancelled_at,
    startAt: original.start_at,
    endAt: original.end_at,
    data,
    everybody: mailedAttendees(data),
  }
  const invited = invitedOf(event)
  const attending = new Set(meeting.everybody.map(({ address }) => mailboxKey(address)))
  const toMail = [
    ...meeting.everybody.filter(({ address }) => invited?.has(mailboxKey(address)) ?? true),
    ...[...(invited ?? [])].flatMap(([mailbox, to]) => (attending.has(mailbox) ? [] : [to])),
  ]
  const notified = new Map<string, Address>()
  for (const { name, address } of [...toMail, ...copies]) notified.set(mailboxKey(address), { name, address })
  const message: MessageData = {
    subject: `Canceled: ${data.subject}`,
    body: { contentType: 'text', content: comment ?? '' },
    from: data.organizer,
    to: [...notified.values()],
    start: data.start,
    end: data.end,
    startAt: original.start_at.toISOString(),
    endAt: original.end_at.toISOString(),
    isAllDay: data.isAllDay,
    locations: data.locations,
  }
  const notices: NewEffect[] = [
    ...cancellationMails(meeting, toMail, comment),
    ...copies.map(copy =>
      cancelCopy(row.id, copy, data.hideAttendees ? { ...message, to: [addressOf(copy)] } : message),
    ),
  ]
  return { notices, message, notified: [...notified.values()] }
}

/**
 * By mailbox, the people whom an invitation may have reached, that is, whose invitation was not prevented. Null in a tree so large
 * that it is marked after the acknowledgement, because its effects are not known here. Then every attendee is notified, and one
 * whom no invitation has reached gets a CANCEL without meaning for them.
 */
function invitedOf({ effects }: CancelledEvent): ReadonlyMap<string, Address> | null {
  const invitations = effects.filter(({ kind, data }) => kind === MAIL_SEND && data.ical !== undefined)
  if (invitations.length === 0) return null
  return new Map(
    invitations
      .filter(({ outcome }) => outcome !== 'prevented')
      .map(({ data }) => recipientOf(data.to))
      .map(to => [mailboxKey(to.address), to]),
  )
}

/** For an attendee, name and address. For an invitation that was sent to another address instead, only the address. */
function recipientOf(to: JsonObject[string] | undefined): Address {
  if (typeof to === 'object' && to !== null && 'address' in to)
    return { name: String(to.name ?? to.address), address: String(to.address) }
  return { name: String(to), address: String(to) }
}

function cancelCopy(meetingId: string, copy: CopyRow, message: MessageData): NewEffect {
  const title = titleOf(EFFECT_KINDS[CALENDAR_DELIVER_CANCEL].title(copy.address))
  return calendarDeliverCancel(
    { meetingId, mailboxId: copy.mailbox_id, message },
    { title, due: { afterMs: 0 } },
  )
}

function addressOf({ name, address }: Address): Address {
  return { name, address }
}

function byMeeting<Row extends { readonly meeting_id: string }>(
  rows: readonly Row[],
): ReadonlyMap<string, readonly Row[]> {
  return Map.groupBy(rows, row => row.meeting_id)
}
