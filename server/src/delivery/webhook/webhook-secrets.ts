// The secrets that sign webhooks: one for each name (`secretRef`, by default the receiver's origin), made when it is first
// needed. A secret is changed without a gap: for a while the old one signs too.

import { coalesce } from '../../core/coalesce.ts'
import type { Random } from '../../core/ids.ts'
import type { Database, Queries } from '../../store/database.ts'
import { sql } from '../statements.ts'

/** Octets of a new secret (Standard Webhooks: 24 to 64). */
const LENGTH = 32

/** One that signs now. */
export type WebhookSecret = {
  /** As receivers write it down: `whsec_…`. */
  readonly secret: string
  readonly createdAt: Date
  /** Until when it signs beside the newer ones; null for the newest. */
  readonly expiresAt: Date | null
}

export function createWebhookSecrets({ db, random }: { readonly db: Database; readonly random: Random }) {
  type Row = { secret: Buffer; created_at: Date; expires_at: Date | null }
  const all = async (tenant: string, ref: string) =>
    await db.query<Row>(sql('webhook-secrets'), [tenant, ref])
  const add = async (queries: Queries, tenant: string, ref: string) => {
    // If two callers make it at once, one secret is stored, and both read that one.
    await queries.query(sql('add-webhook-secret'), [tenant, ref, Buffer.from(random(LENGTH))])
  }
  const made = async (tenant: string, ref: string) => {
    const known = await all(tenant, ref)
    if (known.length > 0) return known
    await add(db, tenant, ref)
    return await all(tenant, ref)
  }
  // When thousands of calls fall due at once, they go to a few receivers.
  const forCall = coalesce((tenant: string, ref: string) => `${tenant}\n${ref}`, made)

  return {
    /** The keys that sign for `ref` now, the newest first; the first one is made when there is none. */
    async secretFor(tenant: string, ref: string): Promise<readonly Uint8Array[]> {
      return (await forCall(tenant, ref)).map(row => row.secret)
    },
    /** The same for people who set a receiver up. `make` false: empty when there is none. */
    async show(tenant: string, ref: string, { make }: { readonly make: boolean }) {
      return (await (make ? made : all)(tenant, ref)).map(shown)
    },
    /** A new secret for `ref`, as `whsec_…`; the old one signs beside it for `overlapMs`. */
    async rotate(tenant: string, ref: string, overlapMs: number): Promise<string> {
      await db.transaction('delivery.rotate-secret', async tx => {
        await tx.query(sql('expire-webhook-secret'), [tenant, ref, overlapMs])
        await add(tx, tenant, ref)
      })
      // Returns the stored secret and not the one just made: of two rotations at once, only one is stored.
      const [newest] = await all(tenant, ref)
      if (!newest) throw new Error(`no secret ${ref} after its rotation`)
      return webhookSecretText(newest.secret)
    },
    /** Deletes those whose time beside a newer one is up. Gives back how many went. */
    async dropExpired(): Promise<number> {
      return (await db.query(sql('drop-expired-webhook-secrets'))).length
    },
    /** The names that have one; when the newest of each was made, and how many sign. */
    async list(
      tenant: string,
    ): Promise<readonly { readonly ref: string; readonly createdAt: Date; readonly signing: number }[]> {
      const rows = await db.query<{ ref: string; created_at: Date; signing: number }>(
        sql('list-webhook-secrets'),
        [tenant],
      )
      return rows.map(({ ref, created_at, signing }) => ({ ref, createdAt: created_at, signing }))
    },
  }

  function shown({ secret, created_at, expires_at }: Row): WebhookSecret {
    return { secret: webhookSecretText(secret), createdAt: created_at, expiresAt: expires_at }
  }
}

/** As receivers write it down: `whsec_` and base64. */
export function webhookSecretText(secret: Uint8Array): string {
  return `whsec_${Buffer.from(secret).toString('base64')}`
}
