// Who may do what in the native API. Operators and admins see and cancel everything of their tenant; other callers see and cancel
// what they announced.

import type { Receipt } from '../../core/cancellation.ts'
import type { StoredEvent } from '../../core/event.ts'
import { type Principal, principalKey } from '../../core/principal.ts'
import { nativeFault } from './faults.ts'

export const NATIVE_EVENT = 'native.event'

const USE = 'Events.ReadWrite'
const READ = 'Receipts.Read'

/**
 * A role counts only with a token for this API. A token that a calendar client got for calendars gives no power over the tenant, even
 * if its user is an admin.
 */
export function isOperator(principal: Principal): boolean {
  return runsThings(principal) && principal.scopes.has(USE)
}

export function requireOperator(principal: Principal): void {
  if (!isOperator(principal))
    throw nativeFault.FORBIDDEN({ needs: `the role operator or admin, and scope ${USE}` })
}

export function requireAdmin(principal: Principal): void {
  if (principal.roles.has('admin') && principal.scopes.has(USE)) return
  throw nativeFault.FORBIDDEN({ needs: `the role admin, and scope ${USE}` })
}

/** Announcing makes this server send mail and call addresses. So only apps, operators and admins may do it. */
export function requireAnnouncer(principal: Principal): void {
  if (principal.scopes.has(USE) && (principal.kind === 'app' || runsThings(principal))) return
  throw nativeFault.FORBIDDEN({
    needs: `scope ${USE}, for an app or for somebody with the role operator or admin`,
  })
}

function runsThings(principal: Principal): boolean {
  return principal.roles.has('operator') || principal.roles.has('admin')
}

export function mayReadReceipt(principal: Principal, receipt: Receipt): boolean {
  const all = runsThings(principal) && (principal.scopes.has(READ) || principal.scopes.has(USE))
  return all || receipt.by.principal === principalKey(principal)
}

/** True for an event that the caller announced by this API. event-finder.ts has the whole rule of who may use an event. */
export function isOwnNativeEvent(principal: Principal, event: Pick<StoredEvent, 'kind' | 'data'>): boolean {
  return (
    event.kind === NATIVE_EVENT &&
    principal.scopes.has(USE) &&
    event.data.announcedBy === principalKey(principal)
  )
}

// Each app has keys of its own, and the people of a tenant share one set. So an app cannot cancel by guessing another app's key.
const SEPARATOR = '\u001f'

/** The app whose keys this caller uses; null for the keys of people. The command line has no app, so it uses those. */
export function ownerOf(principal: Principal): string | null {
  return principal.kind === 'app' ? principal.appId : null
}

/** The engine's key for a key that this caller gave. */
export function keyOf(principal: Principal, name: string): string {
  return keyOfOwner(ownerOf(principal), name)
}

/** `appId` null: a key of people. */
export function keyOfOwner(appId: string | null, name: string): string {
  return `${appId === null ? 'people' : `app:${appId}`}${SEPARATOR}${name}`
}

// The engine's keys of the other APIs. The caller's part is the last one; for Wix the entity follows it.
const OF_TRIGGER = /^wix:[^:]*:[^:]*:(.*):[^:]*$/s
const OF_TOKEN = /^cif:[^:]*:[^:]*:(.*)$/s

/** The caller's part of an engine's key. */
export function nameOfKey(key: string | null): string | null {
  if (key === null) return null
  const own = key.indexOf(SEPARATOR)
  if (own !== -1) return key.slice(own + 1)
  return (OF_TRIGGER.exec(key) ?? OF_TOKEN.exec(key))?.[1] ?? key
}
