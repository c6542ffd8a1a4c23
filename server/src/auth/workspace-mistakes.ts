// What a schema cannot say of a workspace file: names that must be unique, and names that must be there.

import { type Retries, retryMistakes } from '../core/retry-plan.ts'
import { isScope } from './scopes.ts'
import type { Mistake, Path, TenantSection } from './workspace-file.ts'
import { domainOf, idOf } from './workspace-ids.ts'

export function workspaceMistakes(tenants: readonly TenantSection[]): readonly Mistake[] {
  const mistakes: Mistake[] = []
  const seen = new Map<string, Path>()
  /** Refuses the second of the same `kind` and name. */
  const once = (kind: string, name: string, path: Path): void => {
    const key = `${kind}\n${name.toLowerCase()}`
    if (seen.has(key)) mistakes.push({ path, problem: `is there twice: ${name}` })
    seen.set(key, path)
  }
  for (const [t, tenant] of tenants.entries()) {
    const at: Path = ['tenants', t]
    once('tenant', tenant.id, [...at, 'id'])
    for (const [i, domain] of tenant.domains.entries()) once('domain', domain, [...at, 'domains', i])
    if (tenant.issuer !== undefined) once('issuer', tenant.issuer, [...at, 'issuer'])
    for (const mistake of mistakesOfRetries(tenant.retries, at, [])) mistakes.push(mistake)
    const upns = new Set<string>()
    for (const [i, user] of (tenant.users ?? []).entries()) {
      const path = [...at, 'users', i]
      once('upn', user.upn, [...path, 'upn'])
      once('id', idOf(tenant.id, { user: user.upn, id: user.id }), [...path, 'id'])
      upns.add(user.upn.toLowerCase())
      if (!tenant.domains.includes(domainOf(user.upn))) {
        mistakes.push({
          path: [...path, 'upn'],
          problem: `must be in a domain of the tenant: ${tenant.domains.join(', ')}`,
        })
      }
    }
    for (const [i, group] of (tenant.groups ?? []).entries()) {
      const path = [...at, 'groups', i]
      once(`group of ${tenant.id}`, group.name, [...path, 'name'])
      once('id', idOf(tenant.id, { group: group.name, id: group.id }), [...path, 'id'])
      if (group.mail === undefined && (tenant.domains.length === 0 || !/^[\w.-]+$/.test(group.name))) {
        mistakes.push({ path, problem: 'needs a mail: none can be made of its name' })
      }
      for (const [m, member] of (group.members ?? []).entries()) {
        if (!upns.has(member.toLowerCase())) {
          mistakes.push({ path: [...path, 'members', m], problem: `names nobody of the tenant: ${member}` })
        }
      }
    }
    for (const [i, app] of (tenant.apps ?? []).entries()) {
      const path = [...at, 'apps', i]
      once(`app of ${tenant.id}`, app.name, [...path, 'name'])
      const clientId = idOf(tenant.id, { app: app.name, id: app.clientId })
      once('id', clientId, [...path, 'clientId'])
      const around = tenant.retries ? [tenant.retries] : []
      for (const mistake of mistakesOfRetries(app.retries, path, around)) mistakes.push(mistake)
      for (const [n, scope] of (app.scopes ?? []).entries()) {
        if (!isScope(scope))
          mistakes.push({ path: [...path, 'scopes', n], problem: `can be given to no app: ${scope}` })
      }
      for (const [s, site] of (app.sites ?? []).entries()) {
        const sitePath = [...path, 'sites', s]
        once('instance', idOf(tenant.id, { instance: `${clientId} ${site.name}`, id: site.instanceId }), [
          ...sitePath,
          'instanceId',
        ])
        once(`site of ${clientId}`, idOf(tenant.id, { site: site.name, id: site.siteId }), [
          ...sitePath,
          'siteId',
        ])
      }
    }
    for (const [i, mailbox] of (tenant.calendars ?? []).entries()) {
      const path = [...at, 'calendars', i, 'user']
      once(`calendars of ${tenant.id}`, mailbox.user, path)
      if (!upns.has(mailbox.user.toLowerCase()))
        mistakes.push({ path, problem: `names nobody of the tenant: ${mailbox.user}` })
    }
  }
  return mistakes
}

function mistakesOfRetries(
  retries: Retries | undefined,
  at: Path,
  around: readonly Retries[],
): readonly Mistake[] {
  if (retries === undefined) return []
  return retryMistakes(retries, around).map(({ path, problem }) => ({
    path: [...at, 'retries', ...path],
    problem,
  }))
}
