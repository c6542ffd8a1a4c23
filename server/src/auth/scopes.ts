// Names of rights. Graph's and Wix's own where an API has them; ours for the rest.

/** Delegated rights that the built-in issuer gives to people's tokens; what a person may do with them is up to the API. */
export const PEOPLE_SCOPES = [
  'Calendars.Read',
  'Calendars.Read.Shared',
  'Calendars.ReadBasic',
  'Calendars.ReadWrite',
  'Calendars.ReadWrite.Shared',
  'Group.Read.All',
  'Group.ReadWrite.All',
  'Mail.Read',
  'Mail.ReadBasic',
  'Mail.ReadWrite',
  'MailboxSettings.Read',
  'User.Read',
  'User.ReadBasic.All',
  'Notifications.ReadWrite',
  'Events.ReadWrite',
  'Receipts.Read',
] as const

/** Of these rights the ones that people may give to an app: what the workspace file gave it. */
export function peopleScopesOf(app: { readonly scopes: readonly string[] }): readonly string[] {
  return PEOPLE_SCOPES.filter(scope => app.scopes.includes(scope))
}

/** What Wix's calls ask for (reference: permission scopes of Triggered Events). */
export const WIX_SCOPES = [
  'SCOPE.DC.MANAGE-YOUR-APP',
  'SCOPE.CRM.SETUP-AUTOMATIONS',
  'SCOPE.DEV_CENTER.APP-INSTANCE-READ-BASIC-INFO',
] as const

/** Each of these lets its bearer write in calendars: a person in their own and their groups', an app in every user's. */
export const CALENDAR_WRITE: readonly string[] = ['Calendars.ReadWrite', 'Calendars.ReadWrite.Shared']

/** And in a group's, where its bearer is a member of the group. */
export const GROUP_CALENDAR_WRITE: readonly string[] = [...CALENDAR_WRITE, 'Group.ReadWrite.All']

/** Wix's, for reporting events. */
export const WIX_REPORT: readonly string[] = ['SCOPE.CRM.SETUP-AUTOMATIONS', 'SCOPE.DC.MANAGE-YOUR-APP']

/** Raising and answering offers. */
export const NOTIFICATIONS_WRITE = 'Notifications.ReadWrite'

/** Looking after the whole server, all tenants: given to the command line's key and to nothing else. */
export const SERVER_SCOPE = 'standdown.server'

/** All that the workspace file may give to an app, the rights of Graph's that only apps have among them. */
export const APP_SCOPES: readonly string[] = [
  ...PEOPLE_SCOPES,
  'Calendars.ReadBasic.All',
  'Directory.Read.All',
  'Mail.ReadBasic.All',
  'User.Read.All',
  ...WIX_SCOPES,
]

/**
 * Splits a `scope` parameter. The resource in front (`https://graph.microsoft.com/Calendars.Read`) is dropped;
 * `.default` and `…/.default` mean all that the client has.
 */
export function readScopes(text: string): { readonly all: boolean; readonly names: readonly string[] } {
  const names = text
    .split(/\s+/)
    .filter(part => part !== '')
    .map(part => (/^(https?|api):\/\//i.test(part) ? part.slice(part.lastIndexOf('/') + 1) : part))
  return { all: names.includes('.default'), names: [...new Set(names.filter(name => name !== '.default'))] }
}
