// Makes the principal from a credential: its rights come from the tables as they are now, never from the token alone.

import type { Principal, Role } from '../core/principal.ts'
import type { App, Directory, Person, SiteInstance } from './directory/directory.ts'
import { authFault } from './faults.ts'
import { PEOPLE_SCOPES, SERVER_SCOPE } from './scopes.ts'

/** The role that every person has. */
const MEMBER: Role = 'member'

export function personPrincipal(person: Person, scopes: readonly string[], appId: string | null): Principal {
  return {
    tenant: person.tenant,
    kind: 'person',
    id: person.id,
    name: person.name,
    upn: person.upn,
    scopes: new Set(scopes.filter(scope => scope !== SERVER_SCOPE)),
    roles: new Set<Role>([MEMBER, ...person.roles]),
    appId,
    siteInstanceId: null,
  }
}

/** An app has at most the scopes that it has now, whatever its token was issued with. */
export function appPrincipal(app: App, scopes: readonly string[], instance: SiteInstance | null): Principal {
  const granted = new Set(app.scopes)
  return {
    tenant: app.tenant,
    kind: 'app',
    id: app.id,
    name: app.name,
    upn: null,
    scopes: new Set(scopes.filter(scope => granted.has(scope) && scope !== SERVER_SCOPE)),
    roles: new Set<Role>(app.roles),
    appId: app.id,
    siteInstanceId: instance?.id ?? null,
  }
}

/** The command line. `server`: it holds the server's own key, which is valid for all tenants. */
export function operatorPrincipal(who: { id: string; tenant: string; server: boolean }): Principal {
  return {
    tenant: who.tenant,
    kind: 'app',
    id: who.id,
    name: 'the operator',
    upn: null,
    scopes: new Set([...PEOPLE_SCOPES, ...(who.server ? [SERVER_SCOPE] : [])]),
    roles: new Set<Role>(['admin', 'operator', MEMBER]),
    appId: null,
    siteInstanceId: null,
  }
}

/** True for the holder of the server's own key, who may operate all tenants. */
export function isServerOperator(principal: Principal): boolean {
  return principal.scopes.has(SERVER_SCOPE)
}

/** True for the command line's own tokens, the server's and a tenant's: not for an app or a person with the role admin. */
export function isOperatorKey(principal: Principal, installationId: string): boolean {
  return principal.kind === 'app' && principal.id === installationId && principal.roles.has('admin')
}

/** The person that a token of `generation` was issued for. @throws Fault TOKEN_REVOKED */
export async function livePerson(
  directory: Directory,
  who: { readonly tenant: string; readonly id: string; readonly generation: number },
): Promise<Person> {
  const person = await directory.userById(who.tenant, who.id)
  if (!person || person.generation !== who.generation) throw authFault.TOKEN_REVOKED()
  return person
}

/** @throws Fault TOKEN_REVOKED */
export async function liveApp(
  directory: Directory,
  who: { readonly tenant: string; readonly id: string; readonly generation: number },
): Promise<App> {
  const app = await directory.app(who.tenant, who.id)
  if (!app || app.generation !== who.generation) throw authFault.TOKEN_REVOKED()
  return app
}
