// What a cancelled meeting means in mailboxes, inside the cancel's own transaction: SEQUENCE goes up, the organizer's event
// moves to Deleted Items, and everybody whom an invitation has reached, or may have reached, is owed a cancellation.

import type { NewEffect } from '../../core/effects/effect.ts'
import { makeId, shardOfId } from '../../core/ids.ts'
import type { JsonObject } from '../../core/json.ts'
import { mailboxKey } from '../../core/mail-address.ts'
import type { CancelledEvent, Domain } from '../../engine/domain.ts'
import type { Tx } from '../../store/database.ts'
import { cancellationMail, type MailedMeeting, mailedAttendees } from '../itip/meeting-mail.ts'
import { insertMessages, type NewMessage } from '../mailbox/messages.ts'
import type { CalendarNeeds } from '../needs.ts'
import { sql } from '../statements.ts'
import { MEETING, titleOf } from './create-meeting.ts'
import { DELIVER_CANCEL } from './deliver-cancellation.ts'
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

export function meetingDomain(needs: CalendarNeeds): Domain {
  return {
    eventKind: MEETING,
    wantsSettled: () => false,
    // A meeting that stands in a calendar can be called off, however long ago its invitations went out.
    async keeps(tx, ids) {
      const rows = await tx.query<{ id: string }>(sql('standing-meetings'), [ids.map(shardOfId), ids])
      return rows.map(row => row.id)
    },
    async cancelled(tx, events) {
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
      // Younger than the lock on the meetings' rows: a delivery that was under way then is seen now, or never was.
      const copies = byMeeting(await tx.query<CopyRow>(sql('copies-of-meetings'), [shards, ids]))
      const notices = new Map<string, readonly NewEffect[]>()
      const sent: NewMessage[] = []
      for (const row of meetings) {
        const event = events.find(({ event }) => event.id === row.id)
        const original = originals.get(row.id)?.[0]
        if (!event || !original) continue
        const owed = owedBy(event, row, original, copies.get(row.id) ?? [])
        notices.set(row.id, owed.notices)
        if (owed.told.length === 0) continue
        sent.push({
          id: makeId(shardOfId(row.id), row.cancelled_at.getTime(), needs.random),
          mailbox: { tenant: row.tenant, id: original.mailbox_id },
          folder: 'sentitems',
          meetingId: row.id,
          kind: 'meetingCancelled',
          sentAt: row.cancelled_at,
          data: owed.message,
        })
      }
      await insertMessages(tx, sent)
      return notices
    },
  }
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

function owedBy(
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
  const told = new Map<string, Address>()
  for (const { name, address } of [...toMail, ...copies]) told.set(mailboxKey(address), { name, address })
  const message: MessageData = {
    subject: `Canceled: ${data.subject}`,
    body: { contentType: 'text', content: comment ?? '' },
    from: data.organizer,
    to: [...told.values()],
    start: data.start,
    end: data.end,
    startAt: original.start_at.toISOString(),
    endAt: original.end_at.toISOString(),
    isAllDay: data.isAllDay,
    locations: data.locations,
  }
  const notices: NewEffect[] = [
    ...toMail.map(to => cancellationMail(meeting, to, comment)),
    ...copies.map(copy =>
      cancelCopy(row.id, copy, data.hideAttendees ? { ...message, to: [addressOf(copy)] } : message),
    ),
  ]
  return { notices, message, told: [...told.values()] }
}

/**
 * By mailbox whom an invitation was for, and whether it may have reached them: unless it was prevented. Null in a tree so
 * large that it is marked behind the acknowledgement, where the effects are not known here: then every attendee is told, and
 * whom no invitation had reached gets a CANCEL that means nothing.
 */
function invitedOf({ effects }: CancelledEvent): ReadonlyMap<string, Address> | null {
  const invitations = effects.filter(({ kind, data }) => kind === 'mail.send' && data.ical !== undefined)
  if (invitations.length === 0) return null
  return new Map(
    invitations
      .filter(({ outcome }) => outcome !== 'prevented')
      .map(({ data }) => recipientOf(data.to))
      .map(to => [mailboxKey(to.address), to]),
  )
}

/** Of an attendee it is name and address; of an invitation that was sent to another address instead, the address alone. */
function recipientOf(to: JsonObject[string] | undefined): Address {
  if (typeof to === 'object' && to !== null && 'address' in to)
    return { name: String(to.name ?? to.address), address: String(to.address) }
  return { name: String(to), address: String(to) }
}

function cancelCopy(meetingId: string, copy: CopyRow, message: MessageData): NewEffect {
  const data: JsonObject = { meetingId, mailboxId: copy.mailbox_id, message }
  const title = titleOf(`Cancellation in the mailbox of ${copy.address}`)
  return { kind: DELIVER_CANCEL, title, due: { afterMs: 0 }, data }
}

function addressOf({ name, address }: Address): Address {
  return { name, address }
}

function byMeeting<Row extends { readonly meeting_id: string }>(
  rows: readonly Row[],
): ReadonlyMap<string, readonly Row[]> {
  return Map.groupBy(rows, row => row.meeting_id)
}
