// Idempotency of reports: the first report of (app, site, trigger key, idempotency key) counts. Repeats are
// acknowledged and start nothing, until the key expires. A cancel does not free a key.

import { shardOfEntity } from '../../core/ids.ts'
import type { Tx } from '../../store/database.ts'
import { sql } from '../statements.ts'

/** One week: Wix's default. */
export const DEFAULT_TTL_MS = 7 * 24 * 3_600_000
/** A hundred years. Longer times are cut to it, so that every int64 gives a valid date. */
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

/** True for each claim whose key was not in use. Of equal claims in `claims`, only the first can be true. */
export async function claimIdempotencyKeys(tx: Tx, claims: readonly KeyClaim[]): Promise<readonly boolean[]> {
  const firsts = new Map<string, KeyClaim>()
  for (const claim of claims) if (!firsts.has(claimName(claim))) firsts.set(claimName(claim), claim)
  const distinctKeys = [...firsts.values()]
  if (distinctKeys.length === 0) return []
  const rows = await tx.query<{
    tenant: string
    app_id: string
    site: string
    trigger_key: string
    key: string
  }>(sql('claim-keys'), [
    distinctKeys.map(claim => shardOfEntity(claim.tenant, claim.key)),
    distinctKeys.map(claim => claim.tenant),
    distinctKeys.map(claim => claim.appId),
    distinctKeys.map(claim => claim.site),
    distinctKeys.map(claim => claim.triggerKey),
    distinctKeys.map(claim => claim.key),
    distinctKeys.map(claim => claim.now),
    distinctKeys.map(claim => new Date(claim.now.getTime() + Math.min(claim.ttlMs, MAX_TTL_MS))),
  ])
  const won = new Set(rows.map(row => claimName({ ...row, appId: row.app_id, triggerKey: row.trigger_key })))
  for (const [tenant, mine] of Map.groupBy(distinctKeys, claim => claim.tenant)) {
    await tx.query(sql('drop-expired-keys'), [tenant, mine[0]!.now, mine.length * 2])
  }
  return claims.map(claim => won.has(claimName(claim)) && firsts.get(claimName(claim)) === claim)
}

function claimName(of: Pick<KeyClaim, 'tenant' | 'appId' | 'site' | 'triggerKey' | 'key'>): string {
  return JSON.stringify([of.tenant, of.appId, of.site, of.triggerKey, of.key])
}
