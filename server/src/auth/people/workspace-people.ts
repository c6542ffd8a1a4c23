// Converts the people, groups, apps and sites of a tenant in the workspace file to rows, with every default filled in.

import { mailboxKey } from '../../core/mail-address.ts'
import { idOf } from '../../workspace/ids.ts'
import type { TenantSection } from '../../workspace/sections.ts'
import type { App, Person, SiteInstance, Team, Tenant } from '../directory/directory.ts'

type WantedTenant = Omit<Tenant, 'demo' | 'operatorGeneration'>
export type WantedPerson = Pick<Person, 'id' | 'upn' | 'mail' | 'name' | 'roles'>
/** `members`: ids of persons, sorted. */
export type WantedTeam = Pick<Team, 'id' | 'name' | 'mail'> & { readonly members: readonly string[] }
/** `secret`: as the file gives it; null: a derived one. */
export type WantedApp = Pick<App, 'id' | 'name' | 'scopes' | 'roles' | 'redirectUris'> & {
  readonly secret: string | null
}
export type WantedInstance = Pick<SiteInstance, 'id' | 'appId' | 'siteId' | 'name'>

export type Wanted = {
  readonly tenant: WantedTenant
  readonly persons: readonly WantedPerson[]
  readonly teams: readonly WantedTeam[]
  readonly apps: readonly WantedApp[]
  readonly instances: readonly WantedInstance[]
}

export function wantedOf(section: TenantSection): Wanted {
  const { id: tenant } = section
  const persons = (section.users ?? []).map(user => ({
    id: idOf(tenant, { user: user.upn, id: user.id }),
    upn: mailboxKey(user.upn),
    mail: mailboxKey(user.mail ?? user.upn),
    name: user.name,
    roles: sorted(user.roles ?? ['member']),
  }))
  const idByUpn = new Map(persons.map(person => [person.upn, person.id]))
  const teams = (section.groups ?? []).map(group => ({
    id: idOf(tenant, { group: group.name, id: group.id }),
    name: group.name,
    mail: mailboxKey(group.mail ?? `${group.name}@${section.domains[0]}`),
    members: sorted([...new Set((group.members ?? []).map(upn => idByUpn.get(mailboxKey(upn))!))]),
  }))
  const apps = (section.apps ?? []).map(app => ({
    id: idOf(tenant, { app: app.name, id: app.clientId }),
    name: app.name,
    scopes: sorted(app.scopes ?? []),
    roles: sorted(app.roles ?? []),
    redirectUris: sorted(app.redirectUris ?? []),
    secret: app.secret ?? null,
  }))
  const instances = (section.apps ?? []).flatMap((app, i) => {
    const appId = apps[i]!.id
    return (app.sites ?? [{ name: app.name }]).map(site => ({
      id: idOf(tenant, { instance: `${appId} ${site.name}`, id: site.instanceId }),
      appId,
      siteId: idOf(tenant, { site: site.name, id: site.siteId }),
      name: site.name,
    }))
  })
  return {
    tenant: {
      id: tenant,
      name: section.name,
      sandbox: section.sandbox ?? false,
      consumers: section.consumers ?? false,
      domains: sorted(section.domains),
      issuer: section.issuer ?? null,
      webhookAllow: sorted(section.webhooks?.allow ?? []),
      rateLimits: sorted(section.rateLimits ?? []),
    },
    persons,
    teams,
    apps,
    instances,
  }
}

export function sorted<T extends string>(values: readonly T[]): T[] {
  return [...values].sort()
}
