// Makes credentials void, and makes new ones in their place. Each revocation raises the revision in its transaction, so that
// every process reads the rights again.

import type { Database } from '../store/database.ts'
import type { App, Person } from './directory/directory.ts'
import type { Revision } from './revision.ts'
import { sql } from './statements.ts'
import type { ApiKeys } from './tokens/api-keys.ts'
import type { SigningKeys } from './tokens/signing-keys.ts'

type RevocationNeeds = {
  readonly db: Database
  readonly revision: Revision
  readonly keys: SigningKeys
  readonly apiKeys: ApiKeys
}

export class Revocation {
  readonly #needs: RevocationNeeds

  constructor(needs: RevocationNeeds) {
    this.#needs = needs
  }

  async renewApp({ tenant, id }: App): Promise<void> {
    const { db, revision } = this.#needs
    await db.transaction('auth.renew-app', async tx => {
      await tx.query(sql('renew-app'), [tenant, id])
      await tx.query(sql('drop-app-keys'), [tenant, id])
      await revision.raise(tx)
    })
  }

  async revokeApp({ tenant, id }: App): Promise<void> {
    const { db, revision } = this.#needs
    await db.transaction('auth.revoke-app', async tx => {
      await tx.query(sql('renew-app-tokens'), [tenant, id])
      await tx.query(sql('drop-app-keys'), [tenant, id])
      await revision.raise(tx)
    })
  }

  async revokePerson({ tenant, id }: Person): Promise<void> {
    const { db, revision } = this.#needs
    await db.transaction('auth.revoke-person', async tx => {
      await tx.query(sql('renew-person'), [tenant, id])
      await tx.query(sql('drop-oidc-person'), [id])
      await tx.query(sql('drop-person-sessions'), [tenant, id])
      await revision.raise(tx)
    })
  }

  async revokeOperators(tenant: string | null): Promise<void> {
    const { db, revision, apiKeys } = this.#needs
    await db.transaction('auth.revoke-operators', async tx => {
      if (tenant !== null) await tx.query(sql('renew-operators'), [tenant])
      else {
        await tx.query(sql('renew-all-operators'))
        await tx.query(sql('drop-server-keys'))
      }
      await revision.raise(tx)
    })
    if (tenant === null) await apiKeys.renewServerKey()
  }

  async rotateKeys({ now }: { readonly now: boolean }): Promise<void> {
    const { db, keys } = this.#needs
    await keys.rotate({ now })
    if (!now) return
    await db.query(sql('drop-all-oidc'))
    await this.revokeOperators(null)
  }
}
