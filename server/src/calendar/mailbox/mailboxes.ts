// This folder reads what mailboxes hold. This file makes a mailbox for every user and group, when it is first
// needed or by the workspace file: a default calendar, for users in the calendar group "My Calendars", and
// the folders Inbox, Sent Items and Deleted Items. The folder must not announce or cancel a meeting: meeting/
// does that.

import { makeId, shardOfEntity } from '../../core/ids.ts'
import type { Tx } from '../../store/database.ts'
import type { CalendarFolder, CalendarGroup, Mailbox } from '../meeting/meeting.ts'
import type { CalendarNeeds, CalendarTeam, CalendarUser } from '../needs.ts'
import { type CalendarGroupRow, type CalendarRow, calendarGroupOf, calendarOf } from '../rows.ts'
import { sql } from '../statements.ts'

const DEFAULT_GROUP = 'My Calendars'
const DEFAULT_CALENDAR = 'Calendar'

/** What the workspace file says of one user's mailbox, beyond what every mailbox has. */
export type MailboxDeclaration = {
  /** userPrincipalName. */
  readonly user: string
  /** Calendars by the name of their calendar group; "My Calendars" is always there. */
  readonly calendarGroups: readonly { readonly name: string; readonly calendars: readonly string[] }[]
}

export function mailboxOfUser(tenant: string, user: CalendarUser): Mailbox {
  return { tenant, id: user.id, kind: 'user', name: user.name, address: user.mail }
}

export function mailboxOfGroup(tenant: string, group: CalendarTeam): Mailbox {
  return { tenant, id: group.id, kind: 'group', name: group.name, address: group.mail }
}

/** Makes what is missing; nothing is written when all is there. */
export async function ensureMailbox(needs: CalendarNeeds, mailbox: Mailbox): Promise<void> {
  const { tenant, id, name, address } = mailbox
  const ready = await needs.db.query(sql('mailbox-ready'), [tenant, id, name, address])
  if (ready.length > 0) return
  await needs.db.transaction('calendar.make-mailbox', tx => makeMailbox(needs, tx, mailbox))
}

async function makeMailbox(needs: CalendarNeeds, tx: Tx, mailbox: Mailbox): Promise<void> {
  const { tenant, id, kind, name, address } = mailbox
  await tx.query(sql('insert-mailbox'), [tenant, id, kind, name, address])
  if (kind === 'user') await makeCalendarGroup(needs, tx, { mailbox, name: DEFAULT_GROUP, isDefault: true })
  await makeCalendar(needs, tx, {
    mailbox,
    name: DEFAULT_CALENDAR,
    isDefault: true,
    group: kind === 'user' ? DEFAULT_GROUP : null,
  })
}

/** Repeatable. A user whom the directory does not know is passed over. */
export async function provisionMailboxes(
  needs: CalendarNeeds,
  tenant: string,
  declarations: readonly MailboxDeclaration[],
): Promise<void> {
  for (const user of await needs.directory.users(tenant))
    await ensureMailbox(needs, mailboxOfUser(tenant, user))
  for (const group of await needs.directory.groups(tenant))
    await ensureMailbox(needs, mailboxOfGroup(tenant, group))
  for (const declaration of declarations) {
    const user = await needs.directory.user(tenant, declaration.user)
    if (!user) continue
    const mailbox = mailboxOfUser(tenant, user)
    await needs.db.transaction('calendar.provision-mailbox', async tx => {
      for (const group of declaration.calendarGroups) {
        if (group.name !== DEFAULT_GROUP)
          await makeCalendarGroup(needs, tx, { mailbox, name: group.name, isDefault: false })
        for (const name of group.calendars)
          await makeCalendar(needs, tx, { mailbox, name, isDefault: false, group: group.name })
      }
    })
  }
}

type NewGroup = { readonly mailbox: Mailbox; readonly name: string; readonly isDefault: boolean }

async function makeCalendarGroup(needs: CalendarNeeds, tx: Tx, group: NewGroup): Promise<void> {
  const { mailbox } = group
  await tx.query(sql('insert-calendar-group'), [
    mailbox.tenant,
    newId(needs, mailbox),
    mailbox.id,
    group.name,
    group.isDefault,
  ])
}

async function makeCalendar(
  needs: CalendarNeeds,
  tx: Tx,
  calendar: NewGroup & { readonly group: string | null },
) {
  const { mailbox } = calendar
  await tx.query(sql('insert-calendar'), [
    mailbox.tenant,
    newId(needs, mailbox),
    mailbox.id,
    calendar.name,
    calendar.isDefault,
    calendar.group,
  ])
}

function newId(needs: CalendarNeeds, mailbox: Mailbox): string {
  return makeId(shardOfEntity(mailbox.tenant, mailbox.id), needs.now().getTime(), needs.random)
}

export async function listCalendars(
  needs: CalendarNeeds,
  mailbox: Mailbox,
): Promise<readonly CalendarFolder[]> {
  await ensureMailbox(needs, mailbox)
  return (await needs.db.query<CalendarRow>(sql('list-calendars'), [mailbox.tenant, mailbox.id, null])).map(
    calendarOf,
  )
}

export async function findCalendar(
  needs: CalendarNeeds,
  mailbox: Mailbox,
  id: string,
): Promise<CalendarFolder | null> {
  const rows = await needs.db.query<CalendarRow>(sql('list-calendars'), [mailbox.tenant, mailbox.id, id])
  return rows[0] ? calendarOf(rows[0]) : null
}

export async function defaultCalendar(needs: CalendarNeeds, mailbox: Mailbox): Promise<CalendarFolder> {
  const calendar = (await listCalendars(needs, mailbox)).find(({ isDefault }) => isDefault)
  if (!calendar) throw new Error('a mailbox without its default calendar')
  return calendar
}

export async function listCalendarGroups(
  needs: CalendarNeeds,
  mailbox: Mailbox,
): Promise<readonly CalendarGroup[]> {
  await ensureMailbox(needs, mailbox)
  const rows = await needs.db.query<CalendarGroupRow>(sql('list-calendar-groups'), [
    mailbox.tenant,
    mailbox.id,
    null,
  ])
  return rows.map(calendarGroupOf)
}

export async function findCalendarGroup(
  needs: CalendarNeeds,
  mailbox: Mailbox,
  id: string,
): Promise<CalendarGroup | null> {
  const rows = await needs.db.query<CalendarGroupRow>(sql('list-calendar-groups'), [
    mailbox.tenant,
    mailbox.id,
    id,
  ])
  return rows[0] ? calendarGroupOf(rows[0]) : null
}
