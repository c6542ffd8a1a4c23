// Who may do what. Operators and admins see and cancel everything of their tenant; everybody else what is their own.

import type { Receipt } from '../../core/cancellation.ts'
import type { StoredEvent } from '../../core/event.ts'
import { type Principal, principalKey } from '../../core/principal.ts'
import { nativeFault } from './faults.ts'

export const NATIVE_EVENT = 'native.event'

const USE = 'Events.ReadWrite'
const READ = 'Receipts.Read'

/**
 * A role counts only in a token that was issued for this API: one that a calendar client got for calendars gives no power
 * over the tenant, even in an admin's hands.
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

/** Announcing makes this server send mail and call addresses: apps do it, and people who run things. */
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

/** True for an event that the caller announced here. Who may use which event is event-finder.ts's to say. */
export function isOwnNativeEvent(principal: Principal, event: Pick<StoredEvent, 'kind' | 'data'>): boolean {
  return (
    event.kind === NATIVE_EVENT &&
    principal.scopes.has(USE) &&
    event.data.announcedBy === principalKey(principal)
  )
}

// Each app has its own names, and the people of a tenant share one set: an app cannot cancel by guessing another's key.
const SEPARATOR = '\u001f'

/** The app whose names this caller uses; null: people's, as the command line does, which has no app of its own. */
export function ownerOf(principal: Principal): string | null {
  return principal.kind === 'app' ? principal.appId : null
}

/** The engine's key for a name that this caller gave. */
export function keyOf(principal: Principal, name: string): string {
  return keyOfOwner(ownerOf(principal), name)
}

/** `appId` null: people's. */
export function keyOfOwner(appId: string | null, name: string): string {
  return `${appId === null ? 'people' : `app:${appId}`}${SEPARATOR}${name}`
}

// Keys of the other APIs, as their rooms make them: what their callers gave stands last, before Wix's entity.
const OF_TRIGGER = /^wix:[^:]*:[^:]*:(.*):[^:]*$/s
const OF_TOKEN = /^cif:[^:]*:[^:]*:(.*)$/s

/** The name that a caller gave, of an engine's key. */
export function nameOfKey(key: string | null): string | null {
  if (key === null) return null
  const own = key.indexOf(SEPARATOR)
  if (own !== -1) return key.slice(own + 1)
  return (OF_TRIGGER.exec(key) ?? OF_TOKEN.exec(key))?.[1] ?? key
}
