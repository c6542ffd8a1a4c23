// Calendars and groups of calendars → JSON of Graph.

import type { CalendarFolder, CalendarGroup, Mailbox } from '../../calendar/meeting/meeting.ts'
import { encodeOutlookId } from '../../calendar/outlook-id.ts'
import { calendarId } from './write-event.ts'

export function writeCalendar(calendar: CalendarFolder, mailbox: Mailbox) {
  return {
    id: calendarId(mailbox, calendar.id),
    name: calendar.name,
    color: 'auto',
    hexColor: '',
    isDefaultCalendar: calendar.isDefault,
    changeKey: Buffer.from(calendar.id).toString('base64'),
    canShare: false,
    canViewPrivateItems: true,
    canEdit: true,
    allowedOnlineMeetingProviders: [],
    defaultOnlineMeetingProvider: 'unknown',
    isTallyingResponses: true,
    isRemovable: !calendar.isDefault,
    owner: { name: mailbox.name, address: mailbox.address },
  }
}

export function writeCalendarGroup(group: CalendarGroup, mailbox: Mailbox) {
  const id = encodeOutlookId({ type: 'calendarGroup', mailboxId: mailbox.id, id: group.id, generation: 0 })
  return { id, name: group.name, classId: group.id, changeKey: Buffer.from(group.id).toString('base64') }
}
