// Retries in the workspace file: makes the retry plans of a tenant and of its apps what the file says. Also makes the tenant known
// to the engine, since a plan is stored in the tenant's row.

import { isDeepStrictEqual } from 'node:util'
import { kindsWithPlan } from '../core/effects/effect-kinds.ts'
import { RETRY_PLANS, type Retries, type RetryKind } from '../core/effects/retry-plan.ts'
import type { WorkspaceChange } from '../core/workspace-change.ts'
import type { Tx } from '../store/database.ts'
import type { Engine, RetryPlans } from './engine.ts'

/** What a tenant says of retries, for itself and for its apps by their names. */
export type DeclaredRetries = {
  readonly tenant?: Retries | undefined
  readonly apps: readonly { readonly name: string; readonly retries: Retries }[]
}

export type ApplyRetries = {
  readonly tenant: string
  readonly sandbox: boolean
  readonly declared: DeclaredRetries
  /** The tenant's apps: name → id. */
  readonly apps: ReadonlyMap<string, string>
  /** false: only compares. */
  readonly apply: boolean
}

export async function applyRetries(
  tx: Tx,
  engine: Pick<Engine, 'retryPlans' | 'putTenant' | 'putRetryPlans'>,
  { tenant, sandbox, declared, apps, apply }: ApplyRetries,
): Promise<readonly WorkspaceChange[]> {
  const plans = retryPlansOf(declared, apps)
  const changes = compareRetryPlans(await engine.retryPlans(tx, tenant), plans, apps)
  if (apply) {
    await engine.putTenant(tx, tenant, sandbox)
    await engine.putRetryPlans(tx, tenant, plans)
  }
  return changes
}

function retryPlansOf(declared: DeclaredRetries, apps: ReadonlyMap<string, string>): RetryPlans {
  const ofApps = declared.apps.flatMap(({ name, retries }) => entries(retries, `${apps.get(name)} `))
  return Object.fromEntries([...entries(declared.tenant, ''), ...ofApps])
}

function compareRetryPlans(
  kept: RetryPlans,
  wanted: RetryPlans,
  apps: ReadonlyMap<string, string>,
): readonly WorkspaceChange[] {
  const nameOf = new Map([...apps].map(([name, id]) => [id, name]))
  const changes = new Map<string, WorkspaceChange>()
  for (const key of new Set([...Object.keys(kept), ...Object.keys(wanted)])) {
    if (isDeepStrictEqual(kept[key], wanted[key])) continue
    const [kind, app] = key.split(' ').reverse() as [string, string | undefined]
    const name = (Object.keys(RETRY_PLANS) as RetryKind[]).find(each =>
      (kindsWithPlan(each) as readonly string[]).includes(kind),
    )
    const at = `${app === undefined ? '' : `apps.${nameOf.get(app) ?? app}.`}retries.${name ?? kind}`
    const is = kept[key] === undefined ? 'added' : wanted[key] === undefined ? 'removed' : 'changed'
    changes.set(at, { is, at, detail: 'for what is announced from now on' })
  }
  return [...changes.values()]
}

function entries(retries: Retries | undefined, prefix: string) {
  return Object.entries(retries ?? {}).flatMap(([name, settings]) =>
    kindsWithPlan(name as RetryKind).map(kind => [`${prefix}${kind}`, settings] as const),
  )
}
