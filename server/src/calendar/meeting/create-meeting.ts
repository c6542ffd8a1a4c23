// Create: the organizer's item, the request in Sent Items, and the engine's event with all its invitations, in one commit.

import type { NewEffect } from '../../core/effects/effect.ts'
import { calendarDeliver } from '../../core/effects/effect-builders.ts'
import { CALENDAR_DELIVER, EFFECT_KINDS } from '../../core/effects/effect-kinds.ts'
import { makeId, shardOfEntity, shardOfId } from '../../core/ids.ts'
import { mailboxKey } from '../../core/mail-address.ts'
import { type Parent, refuseWithParent } from '../../core/parent.ts'
import type { TenantQueue } from '../../engine/tenant-queue.ts'
import type { Tx } from '../../store/database.ts'
import { makeICalUid } from '../itip/ical-uid.ts'
import { invitationMails, mailedAttendees } from '../itip/meeting-mail.ts'
import { ensureMailbox } from '../mailbox/mailboxes.ts'
import { insertMessages } from '../mailbox/messages.ts'
import type { CalendarNeeds } from '../needs.ts'
import { sql } from '../statements.ts'
import { type BodyText, readBody } from './body-text.ts'
import { checkCopies } from './check-copies.ts'
import type { Address, ItemData, Mailbox, MeetingDraft, MessageData } from './meeting.ts'

export const MEETING = 'calendar.meeting'

export type MeetingCreation = {
  /** The organizer's: a user's or a group's. */
  readonly mailbox: Mailbox
  readonly calendarId: string
  readonly draft: MeetingDraft
  readonly correlationId: string | null
  /** The parent; null for none. */
  readonly parent: Parent | null
  /** The meeting's own id, in its parent's shard. Left out: made. */
  readonly meetingId?: string
}

/**
 * The id of the organizer's item; of an earlier one when its transactionId is the same.
 * @throws Fault with status 400 for a body that cannot be read, 413 for one that is too long for so many attendees;
 * PARENT_NOT_FOUND, PARENT_CANCELLED
 */
export async function createMeeting(
  needs: CalendarNeeds & { readonly turns: TenantQueue },
  creation: MeetingCreation,
): Promise<string> {
  const { mailbox, draft, parent } = creation
  const bodyText = await readBody(needs.reader, draft.body, mailbox.tenant)
  await ensureMailbox(needs, mailbox)
  const now = await needs.engine.now(mailbox.tenant)
  const iCalUid = makeICalUid(now, needs.random)
  const shard = parent ? shardOfId(parent.id) : shardOfEntity(mailbox.tenant, iCalUid)
  const newId = () => makeId(shard, now.getTime(), needs.random)
  const meetingId = creation.meetingId ?? newId()
  const item = { id: newId(), meetingId, iCalUid, shard, now, data: dataOf(draft, mailbox) }
  const invitations = await invitationsOf(needs, mailbox, item, { ...draft, bodyText })
  return await needs.turns.take(mailbox.tenant, () =>
    needs.db.transaction('calendar.create-meeting', async tx => {
      const earlier =
        draft.transactionId === null ? null : await sameCreation(tx, mailbox, draft.transactionId, item.id)
      if (earlier !== null) return earlier
      await tx.query(sql('insert-meeting'), [
        shard,
        item.meetingId,
        mailbox.tenant,
        iCalUid,
        mailbox.id,
        now,
        ...(draft.body.contentType === 'text' ? [null, null] : [bodyText.text, bodyText.safeHtml]),
      ])
      await tx.query(sql('insert-item'), [
        shard,
        item.id,
        mailbox.tenant,
        mailbox.id,
        creation.calendarId,
        item.meetingId,
        'organizer',
        draft.startAt,
        draft.endAt,
        now,
        JSON.stringify(item.data),
      ])
      const to = mailedAttendees(item.data)
      if (to.length > 0) {
        const message = {
          id: newId(),
          mailbox,
          folder: 'sentitems',
          kind: 'meetingRequest',
          sentAt: now,
        } as const
        await insertMessages(tx, [
          { ...message, meetingId: item.meetingId, data: requestMessage(item.data, draft, to) },
        ])
      }
      const [announced] = await needs.engine.announce(tx, [
        {
          id: item.meetingId,
          tenant: mailbox.tenant,
          kind: MEETING,
          key: null,
          entity: iCalUid,
          ...(parent ? { parent } : {}),
          title: titleOf(draft.subject),
          data: { itemId: item.id, mailboxId: mailbox.id },
          correlationId: creation.correlationId,
          effects: invitations,
        },
      ])
      refuseWithParent(announced)
      if (announced?.is !== 'announced') throw new Error(`a meeting was not announced: ${announced?.is}`)
      return item.id
    }),
  )
}

/** Null when this is the first create with that transactionId. */
async function sameCreation(
  tx: Tx,
  mailbox: Mailbox,
  transactionId: string,
  itemId: string,
): Promise<string | null> {
  const shard = shardOfEntity(mailbox.tenant, transactionId)
  const key = [shard, mailbox.tenant, mailbox.id, transactionId]
  const first = await tx.query(sql('insert-creation'), [...key, itemId])
  if (first.length > 0) return null
  // The insert waited until the other create was committed, and this statement began after that, so it sees the other one.
  const [earlier] = await tx.query<{ item_id: string }>(sql('find-creation'), key)
  if (!earlier) throw new Error('a creation that conflicts, and is not there')
  return earlier.item_id
}

type NewItem = {
  readonly id: string
  readonly meetingId: string
  readonly iCalUid: string
  readonly now: Date
  readonly data: ItemData
}

async function invitationsOf(
  needs: CalendarNeeds,
  mailbox: Mailbox,
  item: NewItem,
  { startAt, endAt, bodyText }: MeetingDraft & { readonly bodyText: BodyText },
): Promise<readonly NewEffect[]> {
  const { data, iCalUid, now: stamp } = item
  const everybody = mailedAttendees(data)
  const meeting = { iCalUid, sequence: 0, stamp, startAt, endAt, data, everybody }
  const effects: NewEffect[] = [...invitationMails(meeting, bodyText)]
  for (const attendee of everybody) {
    const user = await needs.directory.userByMail(mailbox.tenant, mailboxKey(attendee.address))
    if (user && user.id !== mailbox.id) {
      const title = titleOf(EFFECT_KINDS[CALENDAR_DELIVER].title(user.mail))
      const { id: itemId, meetingId } = item
      effects.push(
        calendarDeliver(
          { meetingId, itemId, organizerMailboxId: mailbox.id, userId: user.id },
          { title, due: { afterMs: 0 } },
        ),
      )
    }
  }
  checkCopies(item.data.body, effects.filter(({ kind }) => kind === CALENDAR_DELIVER).length)
  return effects
}

function dataOf(draft: MeetingDraft, mailbox: Mailbox): ItemData {
  const { startAt: _start, endAt: _end, ...kept } = draft
  return { ...kept, organizer: { name: mailbox.name, address: mailbox.address }, response: 'organizer' }
}

export function requestMessage(
  data: ItemData,
  at: { readonly startAt: Date; readonly endAt: Date },
  to: readonly Address[],
): MessageData {
  return {
    subject: data.subject,
    body: data.body,
    from: data.organizer,
    to: to.map(({ name, address }) => ({ name, address })),
    start: data.start,
    end: data.end,
    startAt: at.startAt.toISOString(),
    endAt: at.endAt.toISOString(),
    isAllDay: data.isAllDay,
    locations: data.locations,
  }
}

/** At most 200 characters, and never empty. */
export function titleOf(text: string): string {
  const short = [...text.slice(0, 400)].slice(0, 200).join('')
  return short === '' ? '(no subject)' : short
}
