// What a tenant of the workspace file says of retries, for itself and for each of its apps, as the engine keeps it.

import { isDeepStrictEqual } from 'node:util'
import type { WorkspaceChange } from '../../auth/people/apply-people.ts'
import { RETRY_KINDS, type Retries, type RetryKind } from '../../core/effects/retry-plan.ts'
import type { RetryPlans } from '../../engine/engine.ts'
import type { DeclaredRetries } from './read-workspace-file.ts'

/** `apps`: name → id. */
export function retryPlansOf(declared: DeclaredRetries, apps: ReadonlyMap<string, string>): RetryPlans {
  const ofApps = declared.apps.flatMap(({ name, retries }) => rows(retries, `${apps.get(name)} `))
  return Object.fromEntries([...rows(declared.tenant, ''), ...ofApps])
}

export function compareRetryPlans(
  kept: RetryPlans,
  wanted: RetryPlans,
  apps: ReadonlyMap<string, string>,
): readonly WorkspaceChange[] {
  const nameOf = new Map([...apps].map(([name, id]) => [id, name]))
  const changes = new Map<string, WorkspaceChange>()
  for (const key of new Set([...Object.keys(kept), ...Object.keys(wanted)])) {
    if (isDeepStrictEqual(kept[key], wanted[key])) continue
    const [kind, app] = key.split(' ').reverse() as [string, string | undefined]
    const name = (Object.keys(RETRY_KINDS) as RetryKind[]).find(each =>
      (RETRY_KINDS[each].kinds as readonly string[]).includes(kind),
    )
    const at = `${app === undefined ? '' : `apps.${nameOf.get(app) ?? app}.`}retries.${name ?? kind}`
    const is = kept[key] === undefined ? 'added' : wanted[key] === undefined ? 'removed' : 'changed'
    changes.set(at, { is, at, detail: 'for what is announced from now on' })
  }
  return [...changes.values()]
}

function rows(retries: Retries | undefined, prefix: string) {
  return Object.entries(retries ?? {}).flatMap(([name, settings]) =>
    RETRY_KINDS[name as RetryKind].kinds.map(kind => [`${prefix}${kind}`, settings] as const),
  )
}
