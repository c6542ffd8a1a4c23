// Keys: random texts that act as an app, or as the operator of the whole server. Only their hashes are kept.

import type { Random } from '../../core/ids.ts'
import type { Database } from '../../store/database.ts'
import type { App } from '../directory/directory.ts'
import type { Revision } from '../revision.ts'
import { sql } from '../statements.ts'
import { makeKey } from './app-secrets.ts'

const OPERATOR_KEY = 'sdo_'
const APP_KEY = 'sdk_'

/** True for a key by its prefix; false for what can only be a token. */
export function isKey(credential: string): boolean {
  return credential.startsWith(APP_KEY) || credential.startsWith(OPERATOR_KEY)
}

type ApiKeysNeeds = { readonly db: Database; readonly revision: Revision; readonly random: Random }

export class ApiKeys {
  readonly #needs: ApiKeysNeeds
  #serverKey: { readonly label: string; readonly hand: (key: string) => void } | null = null

  constructor(needs: ApiKeysNeeds) {
    this.#needs = needs
  }

  /** A key for the whole server. It replaces the earlier key with the same label, which is void then. */
  async mintForServer(label: string): Promise<string> {
    const { db, revision, random } = this.#needs
    const { key, hash } = makeKey(OPERATOR_KEY, random)
    await db.transaction('auth.mint-admin-token', async tx => {
      await tx.query(sql('put-api-key'), [hash, null, null, label, null])
      await revision.raise(tx)
    })
    return key
  }

  /** As mintForServer. `hand` is called with the key now, and again with each key that {@link renewServerKey} makes. */
  async provideServerKey(label: string, hand: (key: string) => void): Promise<void> {
    this.#serverKey = { label, hand }
    hand(await this.mintForServer(label))
  }

  /** For after all server keys were made void: this process makes its own again. */
  async renewServerKey(): Promise<void> {
    if (this.#serverKey) this.#serverKey.hand(await this.mintForServer(this.#serverKey.label))
  }

  /** A key for the app. It replaces the app's earlier key with the same label. */
  async mintForApp(app: App, label: string): Promise<string> {
    const { db, revision, random } = this.#needs
    const { key, hash } = makeKey(APP_KEY, random)
    await db.transaction('auth.mint-api-key', async tx => {
      await tx.query(sql('put-api-key'), [hash, app.tenant, app.id, label, null])
      await revision.raise(tx)
    })
    return key
  }

  async revoke(app: App, label: string): Promise<void> {
    const { db, revision } = this.#needs
    await db.transaction('auth.revoke-api-key', async tx => {
      await tx.query(sql('drop-api-key'), [app.tenant, app.id, label])
      await revision.raise(tx)
    })
  }

  async list(app: App): Promise<readonly { readonly label: string; readonly createdAt: string }[]> {
    type KeyRow = { label: string; created_at: Date }
    const rows = await this.#needs.db.query<KeyRow>(sql('app-keys'), [app.tenant, app.id])
    return rows.map(({ label, created_at }) => ({ label, createdAt: created_at.toISOString() }))
  }
}
