// The keys that sign tokens: in the database, so that every process of an installation signs and verifies with the same
// ones. One ES256 key for access tokens, one RS256 key for identity tokens (which OpenID Connect clients expect).

import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import type { Random } from '../core/ids.ts'
import type { Database } from '../store/database.ts'
import { statements } from '../store/statements.ts'

const sql = statements(import.meta.url)

export type SigningAlg = 'ES256' | 'RS256'

export type SigningKey = {
  readonly kid: string
  readonly alg: SigningAlg
  readonly privateJwk: JWK
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly retired: boolean
}

type Row = { kid: string; alg: SigningAlg; private_jwk: JWK; created_at: Date; retires_at: Date | null }

/** How long a retired key still verifies: longer than any token that it may have signed, except those minted by hand. */
const RETIRED_KEYS_VERIFY_MS = 30 * 86_400_000
/** A token with an unknown key id makes us look again, at most this often: else it would be a way to load the database. */
const LOOK_AGAIN_MS = 10_000
const ALGS = ['ES256', 'RS256'] as const

export class SigningKeys {
  readonly #db: Database
  readonly #now: () => Date
  readonly #random: Random
  #keys: readonly SigningKey[] = []
  #readAtMs = Number.NEGATIVE_INFINITY

  private constructor(db: Database, now: () => Date, random: Random) {
    this.#db = db
    this.#now = now
    this.#random = random
  }

  /** Makes the first keys where there are none. */
  static async open(
    db: Database,
    make: { readonly now: () => Date; readonly random: Random },
  ): Promise<SigningKeys> {
    const keys = new SigningKeys(db, make.now, make.random)
    await keys.#read()
    if (keys.#keys.filter(key => !key.retired).length < ALGS.length) await keys.#renew({ retire: false })
    return keys
  }

  /** The one that signs now. */
  signer(alg: SigningAlg): SigningKey {
    return this.#keys.findLast(key => key.alg === alg && !key.retired)!
  }

  /** All that still verify, the signing ones first (as an issuer publishes them). */
  all(): readonly SigningKey[] {
    return this.#keys.toSorted((a, b) => Number(a.retired) - Number(b.retired))
  }

  /** The key of that id and algorithm; null for any other. Ids are looked up in memory only, never in paths or SQL. */
  async verifier(kid: string, alg: SigningAlg): Promise<SigningKey | null> {
    const known = this.#keys.find(key => key.kid === kid && key.alg === alg)
    if (known) return known
    if (this.#now().getTime() - this.#readAtMs < LOOK_AGAIN_MS) return null
    await this.#read()
    return this.#keys.find(key => key.kid === kid && key.alg === alg) ?? null
  }

  /** New keys sign from now on; the old ones still verify for a while. */
  async rotate(): Promise<void> {
    await this.#renew({ retire: true })
  }

  async #renew(how: { readonly retire: boolean }): Promise<void> {
    // Made before the lock is taken: an RSA key takes a good part of a second.
    const made = await Promise.all(ALGS.map(alg => this.#make(alg)))
    await this.#db.transaction('auth.renew-keys', async tx => {
      await tx.query(sql('lock-installation'))
      const rows = await tx.query<Row>(sql('read-keys'))
      const now = this.#now()
      if (!how.retire && ALGS.every(alg => rows.some(row => row.alg === alg && row.retires_at === null)))
        return
      await tx.query(sql('retire-keys'), [new Date(now.getTime() + RETIRED_KEYS_VERIFY_MS)])
      await tx.query(sql('drop-retired-keys'), [now])
      for (const { kid, alg, jwk } of made)
        await tx.query(sql('put-key'), [kid, alg, JSON.stringify(jwk), now])
    })
    await this.#read()
  }

  async #make(alg: SigningAlg): Promise<{ kid: string; alg: SigningAlg; jwk: JWK }> {
    const pair = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 })
    const kid = Buffer.from(this.#random(12)).toString('base64url')
    return { kid, alg, jwk: { ...(await exportJWK(pair.privateKey)), kid, alg, use: 'sig' } }
  }

  async #read(): Promise<void> {
    const now = this.#now()
    const rows = await this.#db.query<Row>(sql('read-keys'))
    const live = rows.filter(row => row.retires_at === null || row.retires_at > now)
    this.#keys = await Promise.all(live.map(keyOf))
    this.#readAtMs = now.getTime()
  }
}

async function keyOf(row: Row): Promise<SigningKey> {
  const { kid, alg, private_jwk: privateJwk } = row
  return {
    kid,
    alg,
    privateJwk,
    privateKey: (await importJWK(privateJwk, alg)) as CryptoKey,
    publicKey: (await importJWK(publicPart(privateJwk), alg)) as CryptoKey,
    retired: row.retires_at !== null,
  }
}

const PUBLIC_MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use'] as const

/** Named members only: what a key type's private members are called need not be known here. */
export function publicPart(jwk: JWK): JWK {
  return Object.fromEntries(
    PUBLIC_MEMBERS.flatMap(name => (jwk[name] === undefined ? [] : [[name, jwk[name]]])),
  ) as JWK
}
