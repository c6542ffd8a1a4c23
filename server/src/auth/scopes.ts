// The names of rights: Graph's and Wix's own names where their APIs have them, ours for the rest.

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

/** The rights that people may give to an app: those of PEOPLE_SCOPES that the workspace file gave the app. */
export function peopleScopesOf(app: { readonly scopes: readonly string[] }): readonly string[] {
  return PEOPLE_SCOPES.filter(scope => app.scopes.includes(scope))
}

/** The scopes that Wix's calls need (reference: permission scopes of Triggered Events). */
const WIX_SCOPES = [
  'SCOPE.DC.MANAGE-YOUR-APP',
  'SCOPE.CRM.SETUP-AUTOMATIONS',
  'SCOPE.DEV_CENTER.APP-INSTANCE-READ-BASIC-INFO',
] as const

/** Each of these lets its holder write in calendars: a person in their own and their groups', an app in every user's. */
export const CALENDAR_WRITE: readonly string[] = ['Calendars.ReadWrite', 'Calendars.ReadWrite.Shared']

/** These let their holder write in a group's calendar too, where the holder is a member of the group. */
export const GROUP_CALENDAR_WRITE: readonly string[] = [...CALENDAR_WRITE, 'Group.ReadWrite.All']

/** Wix's, for reporting events. */
export const WIX_REPORT: readonly string[] = ['SCOPE.CRM.SETUP-AUTOMATIONS', 'SCOPE.DC.MANAGE-YOUR-APP']

/** Raising and answering offers. */
export const NOTIFICATIONS_WRITE = 'Notifications.ReadWrite'

/** Operating the whole server with all tenants: only the command line's key has it. */
export const SERVER_SCOPE = 'standdown.server'

/** All scopes that the workspace file may give to an app, including those of Graph that only apps have. */
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
