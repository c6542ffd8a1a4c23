// Idempotency of reports: the first report of (app, site, trigger key, idempotency key) wins; repeats inside its life
// are acknowledged and start nothing. A cancel does not free a key.

import { shardOfEntity } from '../../core/ids.ts'
import type { Tx } from '../../store/database.ts'
import { sql } from '../statements.ts'

/** One week: Wix's default. */
export const DEFAULT_TTL_MS = 7 * 24 * 3_600_000
/** A hundred years: longer lives are cut to it, so that any int64 gives a date. */
export const MAX_TTL_MS = 100 * 365 * 24 * 3_600_000

export type KeyClaim = {
  readonly tenant: string
  readonly appId: string
  readonly site: string
  readonly triggerKey: string
  readonly key: string
  readonly ttlMs: number
  /** The tenant's clock. */
  readonly now: Date
}

/** True for each claim that won; of equal ones in `claims`, the first. */
export async function claimKeys(tx: Tx, claims: readonly KeyClaim[]): Promise<readonly boolean[]> {
  const firsts = new Map<string, KeyClaim>()
  for (const claim of claims) if (!firsts.has(claimName(claim))) firsts.set(claimName(claim), claim)
  const asked = [...firsts.values()]
  if (asked.length === 0) return []
  const rows = await tx.query<{
    tenant: string
    app_id: string
    site: string
    trigger_key: string
    key: string
  }>(sql('claim-keys'), [
    asked.map(claim => shardOfEntity(claim.tenant, claim.key)),
    asked.map(claim => claim.tenant),
    asked.map(claim => claim.appId),
    asked.map(claim => claim.site),
    asked.map(claim => claim.triggerKey),
    asked.map(claim => claim.key),
    asked.map(claim => claim.now),
    asked.map(claim => new Date(claim.now.getTime() + Math.min(claim.ttlMs, MAX_TTL_MS))),
  ])
  const won = new Set(rows.map(row => claimName({ ...row, appId: row.app_id, triggerKey: row.trigger_key })))
  for (const [tenant, mine] of Map.groupBy(asked, claim => claim.tenant)) {
    await tx.query(sql('drop-expired-keys'), [tenant, mine[0]!.now, mine.length * 2])
  }
  return claims.map(claim => won.has(claimName(claim)) && firsts.get(claimName(claim)) === claim)
}

function claimName(of: Pick<KeyClaim, 'tenant' | 'appId' | 'site' | 'triggerKey' | 'key'>): string {
  return JSON.stringify([of.tenant, of.appId, of.site, of.triggerKey, of.key])
}
