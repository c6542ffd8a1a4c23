// Stores the codes, grants and sessions of the built-in issuer in PostgreSQL, so that any process can continue what another one began.
// The apps of the workspace file are its clients.

import type { Adapter, AdapterPayload, ClientMetadata } from 'oidc-provider'
import type { Database } from '../../store/database.ts'
import type { App, Directory } from '../directory/directory.ts'
import { sql } from '../statements.ts'
import { hashKey } from '../tokens/app-secrets.ts'

type OidcAdapterParts = {
  readonly db: Database
  readonly directory: Directory
  readonly now: () => Date
}

/** The generations with which a record was made: a person or app that was revoked, or removed and added again, has another one. */
type Generations = { readonly person: number | null; readonly app: number | null }

type Row = { payload: AdapterPayload & { generations?: Generations }; consumed_at: Date | null }

/** The kinds of records that belong to a grant and end with it. */
const GRANTED = [
  'AccessToken',
  'AuthorizationCode',
  'RefreshToken',
  'DeviceCode',
  'BackchannelAuthenticationRequest',
]

export class OidcAdapter implements Adapter {
  readonly #parts: OidcAdapterParts
  readonly #kind: string

  constructor(kind: string, parts: OidcAdapterParts) {
    this.#kind = kind
    this.#parts = parts
  }

  async upsert(id: string, payload: AdapterPayload, expiresInSeconds: number): Promise<void> {
    const { db, now } = this.#parts
    const expiresAt = expiresInSeconds ? new Date(now().getTime() + expiresInSeconds * 1000) : null
    const generations = await this.#generations(payload)
    await db.query(sql('put-oidc'), [
      this.#kind,
      hashKey(id),
      JSON.stringify({ ...payload, generations }),
      payload.grantId ?? null,
      payload.uid ?? null,
      payload.userCode ?? null,
      expiresAt,
    ])
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    if (this.#kind === 'Client') {
      const app = await this.#parts.directory.appAnywhere(id)
      return app && app.redirectUris.length > 0 ? clientOf(app) : undefined
    }
    return this.#find('find-oidc', hashKey(id))
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#find('find-oidc-by-uid', uid)
  }

  async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.#find('find-oidc-by-user-code', userCode)
  }

  async consume(id: string): Promise<void> {
    await this.#parts.db.query(sql('consume-oidc'), [this.#kind, hashKey(id), this.#parts.now()])
  }

  async destroy(id: string): Promise<void> {
    await this.#parts.db.query(sql('drop-oidc'), [this.#kind, hashKey(id)])
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    if (!GRANTED.includes(this.#kind)) return
    await this.#parts.db.query(sql('drop-oidc-grant'), [this.#kind, grantId])
    await this.#parts.db.query(sql('drop-expired-oidc'), [this.#parts.now()])
  }

  async #find(statement: string, key: Buffer | string): Promise<AdapterPayload | undefined> {
    const rows = await this.#parts.db.query<Row>(sql(statement), [this.#kind, key, this.#parts.now()])
    const row = rows[0]
    if (!row) return undefined
    const { generations, ...payload } = row.payload
    const now = await this.#generations(payload)
    if (generations?.person !== now.person || generations.app !== now.app) return undefined
    return row.consumed_at ? { ...payload, consumed: Math.floor(row.consumed_at.getTime() / 1000) } : payload
  }

  async #generations({ accountId, clientId }: AdapterPayload): Promise<Generations> {
    const { directory } = this.#parts
    const [person, app] = await Promise.all([
      accountId === undefined ? null : directory.personAnywhere(accountId),
      clientId === undefined ? null : directory.appAnywhere(clientId),
    ])
    return { person: person?.generation ?? null, app: app?.generation ?? null }
  }
}

/** People sign in to public clients with PKCE. An app's secret is only for what the app does in its own name. */
function clientOf(app: App): ClientMetadata {
  const isNative = app.redirectUris.some(uri => !uri.startsWith('https:'))
  return {
    client_id: app.id,
    client_name: app.name,
    redirect_uris: [...app.redirectUris],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    // RFC 8252: loopback over plain HTTP is for native applications, and its port does not count.
    application_type: isNative ? 'native' : 'web',
  }
}
