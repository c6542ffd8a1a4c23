// What a tenant has set for retries: settings by kind of effect, or by an app's id, a space, and the kind.

import type { RetrySettings } from '../../core/effects/retry-plan.ts'
import type { Tx } from '../../store/database.ts'
import { sql } from '../statements.ts'

export type RetryPlans = { readonly [of: string]: RetrySettings }

export async function readRetryPlans(tx: Tx, tenant: string): Promise<RetryPlans> {
  const [row] = await tx.query<{ retry_plans: RetryPlans | null }>(sql('read-retry-plans'), [tenant])
  return row?.retry_plans ?? {}
}

/** They apply to what is announced from now on. The tenant is known to the engine (Engine.putTenant). */
export async function putRetryPlans(tx: Tx, tenant: string, plans: RetryPlans): Promise<void> {
  const text = Object.keys(plans).length === 0 ? null : JSON.stringify(plans)
  await tx.query(sql('put-retry-plans'), [tenant, text])
}
