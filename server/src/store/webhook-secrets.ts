// The secrets that sign webhooks: one for each name (`secretRef`, by default the receiver's origin), made when it is first
// needed, changed without a gap: for a while the old one signs too.

import type { Random } from '../core/ids.ts'
import type { Database } from './database.ts'
import { statements } from './statements.ts'

const sql = statements(import.meta.url)

/** Octets of a new secret (Standard Webhooks: 24 to 64). */
const LENGTH = 32

export function createWebhookSecrets({ db, random }: { readonly db: Database; readonly random: Random }) {
  const all = async (tenant: string, ref: string) =>
    (await db.query<{ secret: Buffer }>(sql('webhook-secrets'), [tenant, ref])).map(row => row.secret)

  return {
    /** The keys that sign for `ref` now, the newest first; the first one is made when there is none. */
    async secretFor(tenant: string, ref: string): Promise<readonly Uint8Array[]> {
      const known = await all(tenant, ref)
      if (known.length > 0) return known
      // Of two that make it at once, one is stored and both read that.
      await db.query(sql('add-webhook-secret'), [tenant, ref, Buffer.from(random(LENGTH))])
      return await all(tenant, ref)
    },
    /** A new secret for `ref`, as `whsec_…`; the old one signs beside it for `overlapMs`. */
    async rotate(tenant: string, ref: string, overlapMs: number): Promise<string> {
      await db.transaction('delivery.rotate-secret', async tx => {
        await tx.query(sql('expire-webhook-secret'), [tenant, ref, overlapMs])
        await tx.query(sql('add-webhook-secret'), [tenant, ref, Buffer.from(random(LENGTH))])
      })
      // What is stored, not what was made: of two rotations at once, one finds its place taken.
      const [newest] = await all(tenant, ref)
      if (!newest) throw new Error(`no secret ${ref} after its rotation`)
      return webhookSecretText(newest)
    },
    /** The names that have one. */
    async list(tenant: string): Promise<readonly { readonly ref: string; readonly createdAt: Date }[]> {
      const rows = await db.query<{ ref: string; created_at: Date }>(sql('list-webhook-secrets'), [tenant])
      return rows.map(row => ({ ref: row.ref, createdAt: row.created_at }))
    },
  }
}

/** As receivers write it down: `whsec_` and base64. */
export function webhookSecretText(secret: Uint8Array): string {
  return `whsec_${Buffer.from(secret).toString('base64')}`
}
