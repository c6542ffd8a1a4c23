// Checks what a schema cannot express: names that must be unique, names that must exist, and how much one file may hold. The file may
// have any other mistake too, so values of a wrong type are skipped here.

import { type Retries, readRetries } from '../core/effects/retry-plan.ts'
import { isAddress, mailboxKey } from '../core/mail-address.ts'
import type { Mistakes, Path } from '../core/mistakes.ts'
import { suggestion } from '../core/setting-reader.ts'
import { domainOf, idOf } from './ids.ts'
import { WORKSPACE_LIMITS as LIMITS } from './limits.ts'

type Loose = { readonly [name: string]: unknown }
type Entry = { readonly entry: Loose; readonly path: Path }

/** Each room's names of one tenant, for what refers to them. */
export type TenantNames = {
  readonly path: Path
  readonly section: Loose
  readonly id: string
  /** Name → client id. */
  readonly apps: ReadonlyMap<string, string>
  /** The retry settings of an app, by its name, for automations without settings of their own: the tenant's, then the app's. */
  readonly retries: (appName: string) => readonly Retries[]
}

export function workspaceMistakes(value: unknown, mistakes: Mistakes): readonly TenantNames[] {
  const look = new Look(mistakes)
  return entriesOf(value, 'tenants', []).map(({ entry, path }) => look.tenant(entry, path))
}

class Look {
  readonly #mistakes: Mistakes
  readonly #seen = new Set<string>()
  readonly #counts = new Map<string, number>()

  constructor(mistakes: Mistakes) {
    this.#mistakes = mistakes
  }

  tenant(tenant: Loose, path: Path): TenantNames {
    const id = text(tenant.id) ?? ''
    this.#once('tenant', tenant.id, [...path, 'id'])
    for (const [i, domain] of listOf(tenant.domains).entries())
      this.#once('domain', domain, [...path, 'domains', i])
    const domains = listOf(tenant.domains).filter(domain => typeof domain === 'string')
    this.#once('issuer', tenant.issuer, [...path, 'issuer'])
    const upns = this.#users({ tenant, id, domains, path })
    this.#groups({ tenant, id, domains, path }, upns)
    const ofTenant = this.#retries(tenant, path, [])
    const apps = this.#apps(tenant, id, path)
    const ofApps = new Map(
      entriesOf(tenant, 'apps', path).map(({ entry, path: at }) => [
        entry.name,
        this.#retries(entry, at, ofTenant),
      ]),
    )
    const retries = (appName: string) => [...ofTenant, ...(ofApps.get(appName) ?? [])]
    for (const { entry, path: at } of entriesOf(tenant, 'calendars', path)) {
      this.#count('calendars', 1, at)
      this.#once(`calendars of ${id}`, entry.user, [...at, 'user'])
      this.#person(entry.user, upns, [...at, 'user'])
    }
    for (const { entry, path: at } of entriesOf(tenant, 'channels', path)) {
      for (const [i, agent] of listOf(entry.agents).entries()) this.#person(agent, upns, [...at, 'agents', i])
    }
    return { path, section: tenant, id, apps, retries }
  }

  #users({ tenant, id, domains, path }: Sections): ReadonlyMap<string, string> {
    const upns = new Map<string, string>()
    for (const { entry, path: at } of entriesOf(tenant, 'users', path)) {
      this.#count('users', 1, at)
      const upn = text(entry.upn)
      if (upn === null) continue
      if (this.#once('upn', upn, [...at, 'upn']))
        this.#once('id', idOf(id, { user: upn, id: given(entry.id) }), [...at, entry.id ? 'id' : 'upn'])
      upns.set(mailboxKey(upn), upn)
      if (isAddress(upn) && !domains.includes(domainOf(upn))) {
        const accepted = domains.length === 0 ? 'the tenant has none yet' : `one of ${domains.join(', ')}`
        this.#mistakes.add({ path: [...at, 'upn'], problem: 'must be in a domain of the tenant', accepted })
      }
    }
    return upns
  }

  #groups({ tenant, id, domains, path }: Sections, upns: ReadonlyMap<string, string>): void {
    for (const { entry, path: at } of entriesOf(tenant, 'groups', path)) {
      this.#count('groups', 1, at)
      const name = text(entry.name)
      if (name !== null && this.#once(`group of ${id}`, name, [...at, 'name']))
        this.#once('id', idOf(id, { group: name, id: given(entry.id) }), [...at, entry.id ? 'id' : 'name'])
      if (name !== null && entry.mail === undefined && !isAddress(`${name}@${domains[0] ?? ''}`))
        this.#mistakes.add({
          path: at,
          problem: 'needs a mail: none can be made of its name',
          accepted: 'mail: …',
        })
      const members = listOf(entry.members)
      this.#count('members', members.length, at)
      for (const [m, member] of members.entries()) this.#person(member, upns, [...at, 'members', m])
    }
  }

  #apps(tenant: Loose, id: string, path: Path): ReadonlyMap<string, string> {
    const apps = new Map<string, string>()
    for (const { entry, path: at } of entriesOf(tenant, 'apps', path)) {
      this.#count('apps', 1, at)
      const name = text(entry.name)
      if (name === null) continue
      const clientId = idOf(id, { app: name, id: given(entry.clientId) })
      apps.set(name, clientId)
      if (this.#once(`app of ${id}`, name, [...at, 'name']))
        this.#once('id', clientId, [...at, entry.clientId ? 'clientId' : 'name'])
      for (const { entry: site, path: siteAt } of entriesOf(entry, 'sites', at)) {
        this.#count('sites', 1, siteAt)
        const siteName = text(site.name)
        if (siteName === null) continue
        const instance = idOf(id, { instance: `${clientId} ${siteName}`, id: given(site.instanceId) })
        const siteId = idOf(id, { site: siteName, id: given(site.siteId) })
        if (this.#once('instance', instance, [...siteAt, site.instanceId ? 'instanceId' : 'name'], siteName))
          this.#once(`site of ${clientId}`, siteId, [...siteAt, site.siteId ? 'siteId' : 'name'], siteName)
      }
    }
    return apps
  }

  /** False, and noted, for the second of the same kind and name. */
  #once(kind: string, name: unknown, path: Path, shown = name): boolean {
    if (typeof name !== 'string') return true
    const key = `${kind}\n${name.toLowerCase()}`
    const isFirst = !this.#seen.has(key)
    if (!isFirst) this.#mistakes.add({ path, problem: `is there twice: ${String(shown).slice(0, 200)}` })
    this.#seen.add(key)
    return isFirst
  }

  /** The retry settings of a tenant or app: one, or none. */
  #retries({ retries }: Loose, path: Path, around: readonly Retries[]): readonly Retries[] {
    if (retries === undefined) return []
    const read = readRetries(retries, around, { path: [...path, 'retries'], mistakes: this.#mistakes })
    return read === null ? [] : [read]
  }

  #person(upn: unknown, upns: ReadonlyMap<string, string>, path: Path): void {
    if (typeof upn !== 'string' || upns.has(mailboxKey(upn))) return
    const problem = `names nobody of the tenant: ${upn.slice(0, 100)}`
    this.#mistakes.add({ path, problem: suggestion(problem, upn, [...upns.values()]) })
  }

  #count(what: keyof typeof LIMITS, more: number, path: Path): void {
    const before = this.#counts.get(what) ?? 0
    this.#counts.set(what, before + more)
    if (before <= LIMITS[what] && before + more > LIMITS[what])
      this.#mistakes.add({ path, problem: `is one too many: a file may have ${LIMITS[what]} ${what}` })
  }
}

type Sections = {
  readonly tenant: Loose
  readonly id: string
  readonly domains: readonly string[]
  readonly path: Path
}

function given(id: unknown): string | undefined {
  return typeof id === 'string' ? id : undefined
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function entriesOf(of: unknown, name: string, path: Path): readonly Entry[] {
  const list = typeof of === 'object' && of !== null ? (of as Loose)[name] : undefined
  return listOf(list).flatMap((entry, i) =>
    typeof entry === 'object' && entry !== null && !Array.isArray(entry)
      ? [{ entry: entry as Loose, path: [...path, name, i] }]
      : [],
  )
}
