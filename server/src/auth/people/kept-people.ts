// Reads what is stored of one tenant, in the shape in which a workspace file declares it: the other side of the comparison.

import type { Queries } from '../../store/database.ts'
import { type Person, type Tenant, type TenantRow, tenantOf } from '../directory/directory.ts'
import { sql } from '../statements.ts'
import {
  sorted,
  type WantedApp,
  type WantedInstance,
  type WantedPerson,
  type WantedTeam,
} from './workspace-people.ts'

export type KeptTenant = {
  readonly tenant: (Tenant & { readonly demo: boolean }) | null
  readonly persons: readonly WantedPerson[]
  readonly teams: readonly WantedTeam[]
  /** `secret`: the hash in hex, to be compared only. */
  readonly apps: readonly WantedApp[]
  readonly instances: readonly WantedInstance[]
  readonly secrets: ReadonlyMap<string, { readonly salt: Buffer; readonly hash: Buffer }>
}

type AppRow = Omit<WantedApp, 'redirectUris' | 'secret'> & {
  redirect_uris: string[]
  secret_salt: Buffer | null
  secret_hash: Buffer | null
}

export async function keptOf(queries: Queries, tenant: string): Promise<KeptTenant> {
  const [row] = await queries.query<TenantRow>(sql('tenant'), [tenant])
  const persons = await queries.query<Person>(sql('persons'), [tenant])
  const teams = await queries.query<{ id: string; name: string; mail: string }>(sql('teams'), [tenant])
  const members = await queries.query<{ team_id: string; person_id: string }>(sql('memberships'), [tenant])
  const apps = await queries.query<AppRow>(sql('apps'), [tenant])
  const instances = await queries.query<{ id: string; app_id: string; site_id: string; name: string }>(
    sql('instances'),
    [tenant],
  )
  const memberIds = Map.groupBy(members, member => member.team_id)
  return {
    tenant: row ? sortedTenant(row) : null,
    persons: persons.map(({ id, upn, mail, name, roles }) => ({ id, upn, mail, name, roles: sorted(roles) })),
    teams: teams.map(({ id, name, mail }) => ({
      id,
      name,
      mail,
      members: sorted((memberIds.get(id) ?? []).map(member => member.person_id)),
    })),
    apps: apps.map(app => ({
      id: app.id,
      name: app.name,
      scopes: sorted(app.scopes),
      roles: sorted(app.roles),
      redirectUris: sorted(app.redirect_uris),
      secret: app.secret_hash?.toString('hex') ?? null,
    })),
    instances: instances.map(({ id, app_id: appId, site_id: siteId, name }) => ({ id, appId, siteId, name })),
    secrets: new Map(
      apps.flatMap(({ id, secret_salt: salt, secret_hash: hash }) =>
        salt && hash ? [[id, { salt, hash }]] : [],
      ),
    ),
  }
}

function sortedTenant(row: TenantRow): Tenant {
  const tenant = tenantOf(row)
  const { domains, webhookAllow, rateLimits } = tenant
  return {
    ...tenant,
    domains: sorted(domains),
    webhookAllow: sorted(webhookAllow),
    rateLimits: sorted(rateLimits),
  }
}
