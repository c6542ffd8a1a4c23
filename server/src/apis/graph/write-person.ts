// People and groups → JSON of Graph.

import type { CalendarTeam, CalendarUser } from '../../calendar/needs.ts'

export function writeUser(user: CalendarUser) {
  return {
    id: user.id,
    displayName: user.name,
    mail: user.mail,
    userPrincipalName: user.upn,
    givenName: null,
    surname: null,
    jobTitle: null,
    mobilePhone: null,
    officeLocation: null,
    preferredLanguage: null,
    businessPhones: [],
  }
}

export function writeGroup(group: CalendarTeam) {
  return {
    id: group.id,
    displayName: group.name,
    mail: group.mail,
    mailNickname: group.mail.split('@')[0] ?? '',
    mailEnabled: true,
    securityEnabled: false,
    groupTypes: ['Unified'],
    visibility: 'Private',
  }
}
