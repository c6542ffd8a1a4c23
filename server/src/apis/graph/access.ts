// Who may do what in the Graph API. Delegated permissions reach the person's own mailbox and those of the person's groups. Application
// permissions reach every user's mailbox of the tenant, but no group's (Graph lists app-only access as unsupported).

import { CALENDAR_WRITE, GROUP_CALENDAR_WRITE } from '../../auth/scopes.ts'
import { mailboxOfGroup, mailboxOfUser } from '../../calendar/mailbox/mailboxes.ts'
import type { Mailbox } from '../../calendar/meeting/meeting.ts'
import type { Principal } from '../../core/principal.ts'
import { graphFault } from './faults.ts'
import type { GraphNeeds } from './needs.ts'

export type Need = 'calendar.read' | 'calendar.write' | 'mail.read' | 'directory.read'

const SCOPES: { readonly [need in Need]: readonly string[] } = {
  'calendar.write': CALENDAR_WRITE,
  'calendar.read': [
    'Calendars.ReadWrite',
    'Calendars.Read',
    'Calendars.ReadBasic',
    'Calendars.ReadWrite.Shared',
    'Calendars.Read.Shared',
    'Calendars.ReadBasic.All',
  ],
  'mail.read': ['Mail.ReadWrite', 'Mail.Read', 'Mail.ReadBasic', 'Mail.ReadBasic.All'],
  // Names and addresses of the tenant only. The scopes of calendars are enough, since their holders have to find attendees.
  'directory.read': [
    'User.Read',
    'User.ReadBasic.All',
    'User.Read.All',
    'Group.Read.All',
    'Group.ReadWrite.All',
    'Directory.Read.All',
    'Calendars.ReadWrite',
    'Calendars.Read',
  ],
}

const GROUP_SCOPES: { readonly [need in Need]: readonly string[] } = {
  ...SCOPES,
  'calendar.write': GROUP_CALENDAR_WRITE,
  'calendar.read': [...SCOPES['calendar.read'], 'Group.ReadWrite.All', 'Group.Read.All'],
  'mail.read': [...SCOPES['mail.read'], 'Group.ReadWrite.All', 'Group.Read.All'],
}

/** @throws Fault ErrorAccessDenied */
export function requireScope(principal: Principal, need: Need, on: 'user' | 'group' = 'user'): void {
  const enough = on === 'group' ? GROUP_SCOPES[need] : SCOPES[need]
  if (!enough.some(scope => principal.scopes.has(scope))) throw graphFault.ErrorAccessDenied()
}

/** The caller's own mailbox. @throws Fault BadRequest for an app, which has none */
export async function ownMailbox(needs: GraphNeeds, principal: Principal): Promise<Mailbox> {
  if (principal.kind !== 'person')
    throw graphFault.BadRequest({ detail: '/me request is only valid with delegated authentication flow.' })
  const user = await needs.directory.user(principal.tenant, principal.id)
  if (!user) throw graphFault.ErrorInvalidUser({ user: principal.upn ?? principal.id })
  return mailboxOfUser(principal.tenant, user)
}

/** @throws Fault ErrorInvalidUser, ErrorAccessDenied */
export async function userMailbox(
  needs: GraphNeeds,
  principal: Principal,
  idOrUpn: string,
): Promise<Mailbox> {
  const user = await needs.directory.user(principal.tenant, idOrUpn)
  if (!user) throw graphFault.ErrorInvalidUser({ user: idOrUpn.slice(0, 200) })
  if (principal.kind === 'person' && user.id !== principal.id) throw graphFault.ErrorAccessDenied()
  return mailboxOfUser(principal.tenant, user)
}

/** @throws Fault Request_ResourceNotFound, ErrorAccessDenied */
export async function groupMailbox(needs: GraphNeeds, principal: Principal, id: string): Promise<Mailbox> {
  const group = await needs.directory.group(principal.tenant, id)
  if (!group) throw graphFault.Request_ResourceNotFound({ id: id.slice(0, 200) })
  if (principal.kind !== 'person') throw graphFault.ErrorAccessDenied()
  const groups = await needs.directory.groupsOf(principal.tenant, principal.id)
  if (!groups.some(own => own.id === group.id)) throw graphFault.ErrorAccessDenied()
  return mailboxOfGroup(principal.tenant, group)
}
