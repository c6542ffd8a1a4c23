// Makes one tenant, with its people, groups and apps, what the workspace file says. It runs in the caller's
// transaction, so that the sections of all rooms are committed together or not at all. Applying the same file
// again changes nothing. This folder must never commit by itself, and it must not read the file's text: it
// gets a section that was already checked.

import { isDeepStrictEqual } from 'node:util'
import type { Random } from '../../core/ids.ts'
import type { WorkspaceChange } from '../../core/workspace-change.ts'
import type { Tx } from '../../store/database.ts'
import { applyFault } from '../faults.ts'
import type { Revision } from '../revision.ts'
import { sql } from '../statements.ts'
import { hashSecret } from '../tokens/app-secrets.ts'
import { type KeptTenant, keptOf } from './kept-people.ts'
import type { Wanted, WantedApp } from './workspace-people.ts'

/** `at`: for example `tenants.contoso.users.alice@contoso.example`. */
export type PeopleChange = WorkspaceChange & {
  /** What is removed, by its id: its events carry that id. */
  readonly of?: { readonly [what in 'user' | 'group' | 'app' | 'site']?: string }
}

type ApplyPeople = {
  readonly wanted: Wanted
  /** false: reports what would change, and changes nothing. */
  readonly apply: boolean
  /** Removes persons, groups, apps and sites that the file leaves out; else such a file is refused. */
  readonly prune: boolean
  /** Marks the tenant as the demo's, or not; left out: as it is. Never from the file. */
  readonly demo?: boolean
  /** For a tenant's own admin: the tenant's settings must stay as they are. */
  readonly settingsFixed?: boolean
}

type AppliedPeople = {
  readonly changes: readonly PeopleChange[]
  /** Client ids by name, the new ones included. */
  readonly apps: ReadonlyMap<string, string>
}

/** @throws Fault WOULD_ORPHAN, ID_CHANGED, TAKEN, TENANT_SETTINGS */
export async function applyPeople(
  tx: Tx,
  { wanted, apply, prune, demo, settingsFixed = false }: ApplyPeople,
  parts: { readonly revision: Revision; readonly random: Random },
): Promise<AppliedPeople> {
  await tx.query(sql('lock-installation'))
  const { id: tenant } = wanted.tenant
  const kept = await keptOf(tx, tenant)
  const settings = settingChanges(wanted, kept)
  if (settingsFixed && settings.length > 0) {
    throw applyFault.TENANT_SETTINGS({ tenant, names: settings.join(', ') })
  }
  const at = `tenants.${tenant}`
  const { persons, teams, apps, instances } = compareAll(wanted, kept, at)
  const differences = [persons, teams, apps, instances]
  const changes: PeopleChange[] = differences.flatMap(each => each.changes)
  if (!kept.tenant) changes.unshift({ is: 'added', at })
  else if (settings.length > 0) changes.unshift({ is: 'changed', at, detail: settings.join(', ') })
  const removed = changes.filter(change => change.is === 'removed')
  if (apply) {
    if (removed.length > 0 && !prune)
      throw applyFault.WOULD_ORPHAN({ names: removed.map(change => change.at).join(', ') })
    const isSame = changes.length === 0 && (demo === undefined || demo === kept.tenant?.demo)
    if (!isSame) {
      await write(tx, { wanted, kept, differences: { persons, teams, apps, instances }, demo }, parts.random)
      await parts.revision.raise(tx)
    }
  }
  const shown = prune
    ? changes
    : changes.map(change => (change.is === 'removed' ? { ...change, detail: 'needs --prune' } : change))
  return { changes: shown, apps: new Map(wanted.apps.map(app => [app.name, app.id])) }
}

function settingChanges({ tenant }: Wanted, kept: KeptTenant): readonly string[] {
  if (!kept.tenant) return ['new']
  const before: Record<string, unknown> = kept.tenant
  return Object.entries(tenant).flatMap(([name, value]) =>
    isDeepStrictEqual(before[name], value) ? [] : [name],
  )
}

type Difference<Row> = {
  readonly put: readonly Row[]
  readonly dropIds: readonly string[]
  readonly changes: readonly PeopleChange[]
}

function compareAll(wanted: Wanted, kept: KeptTenant, at: string) {
  const appNames = new Map([...kept.apps, ...wanted.apps].map(app => [app.id, app.name]))
  return {
    persons: compare(kept.persons, wanted.persons, {
      what: 'user',
      name: person => `${at}.users.${person.upn}`,
    }),
    teams: compare(kept.teams, wanted.teams, { what: 'group', name: team => `${at}.groups.${team.name}` }),
    apps: compare(
      kept.apps,
      wanted.apps.map(app => ({ ...app, secret: secretAsKept(app, kept) })),
      { what: 'app', name: app => `${at}.apps.${app.name}` },
    ),
    instances: compare(kept.instances, wanted.instances, {
      what: 'site',
      name: instance => `${at}.apps.${appNames.get(instance.appId)}.sites.${instance.name}`,
    }),
  }
}

/** By id. A name that exists under another id is refused: what belongs to that name would silently get another owner. */
function compare<Row extends { readonly id: string }>(
  kept: readonly Row[],
  wanted: readonly Row[],
  { what, name }: { readonly what: 'user' | 'group' | 'app' | 'site'; readonly name: (row: Row) => string },
): Difference<Row> {
  const before = new Map(kept.map(row => [row.id, row]))
  const put: Row[] = []
  const changes: PeopleChange[] = []
  for (const row of wanted) {
    const old = before.get(row.id)
    before.delete(row.id)
    if (old === undefined) changes.push({ is: 'added', at: name(row) })
    else {
      const fields = Object.keys(row).filter(
        key => !isDeepStrictEqual(old[key as keyof Row], row[key as keyof Row]),
      )
      if (fields.length === 0) continue
      changes.push({ is: 'changed', at: name(old), detail: fields.join(', ') })
    }
    put.push(row)
  }
  const names = new Set(put.map(name))
  for (const row of before.values()) {
    if (names.has(name(row))) throw applyFault.ID_CHANGED({ at: name(row), id: row.id })
    changes.push({ is: 'removed', at: name(row), of: { [what]: row.id } })
  }
  return { put, dropIds: [...before.keys()], changes }
}

/** A secret is compared by its hash. Where it is the same, the stored hash is returned in its place. */
function secretAsKept(app: WantedApp, kept: KeptTenant): string | null {
  if (app.secret === null) return null
  const old = kept.secrets.get(app.id)
  if (old && hashSecret(app.secret, old.salt).equals(old.hash)) return old.hash.toString('hex')
  return app.secret
}

type Write = {
  readonly wanted: Wanted
  readonly kept: KeptTenant
  readonly differences: ReturnType<typeof compareAll>
  readonly demo: boolean | undefined
}

async function write(tx: Tx, { wanted, kept, differences, demo }: Write, random: Random): Promise<void> {
  const { tenant } = wanted
  const { persons, teams, apps, instances } = differences
  await tx.query(sql('put-tenant'), [
    tenant.id,
    tenant.name,
    tenant.sandbox,
    demo ?? null,
    tenant.consumers,
    tenant.issuer,
    tenant.webhookAllow,
    tenant.rateLimits,
  ])
  await tx.query(sql('drop-domains'), [tenant.id, tenant.domains])
  await tx.query(sql('put-domains'), [tenant.id, tenant.domains])
  const foreign = await tx.query<{ domain: string }>(sql('foreign-domains'), [tenant.id, tenant.domains])
  if (foreign[0]) throw applyFault.TAKEN({ what: `Domain ${foreign[0].domain}` })
  // Removed rows first: a new row may have the name of a removed one.
  await drop(tx, 'drop-instances', tenant.id, instances.dropIds)
  await drop(tx, 'drop-apps', tenant.id, apps.dropIds)
  await drop(tx, 'drop-teams', tenant.id, teams.dropIds)
  await drop(tx, 'drop-persons', tenant.id, persons.dropIds)
  await put(tx, 'put-persons', tenant.id, persons.put)
  await put(tx, 'put-teams', tenant.id, teams.put)
  for (const team of teams.put) {
    await tx.query(sql('drop-members'), [tenant.id, team.id, team.members])
    await tx.query(sql('put-members'), [tenant.id, team.id, team.members])
  }
  await put(
    tx,
    'put-apps',
    tenant.id,
    apps.put.map(({ id, name, scopes, roles, redirectUris, secret }) => ({
      id,
      name,
      scopes,
      roles,
      redirect_uris: redirectUris,
      ...secretColumns(secret, kept.secrets.get(id), random),
    })),
  )
  await put(
    tx,
    'put-instances',
    tenant.id,
    instances.put.map(({ id, appId, siteId, name }) => ({ id, app_id: appId, site_id: siteId, name })),
  )
}

type SecretHash = { readonly salt: Buffer; readonly hash: Buffer }

function secretColumns(secret: string | null, old: SecretHash | undefined, random: Random) {
  if (secret === null) return { secret_salt: null, secret_hash: null }
  // The same secret keeps its salt: a new hash counts as a new secret and would make every token of the app void.
  const isSame = old !== undefined && old.hash.toString('hex') === secret
  const salt = isSame ? old.salt : Buffer.from(random(16))
  const hash = isSame ? old.hash : hashSecret(secret, salt)
  return { secret_salt: salt.toString('hex'), secret_hash: hash.toString('hex') }
}

async function drop(tx: Tx, statement: string, tenant: string, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await tx.query(sql(statement), [tenant, ids])
}

/** @throws Fault TAKEN for an id that a row of another tenant has */
async function put(
  tx: Tx,
  statement: string,
  tenant: string,
  rows: readonly { readonly id: string }[],
): Promise<void> {
  if (rows.length === 0) return
  const done = await tx.query<{ id: string }>(sql(statement), [tenant, JSON.stringify(rows)])
  if (done.length === rows.length) return
  const ids = new Set(done.map(row => row.id))
  throw applyFault.TAKEN({ what: `Id ${rows.find(row => !ids.has(row.id))!.id}` })
}
