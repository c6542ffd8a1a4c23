// The keys that sign tokens: in the database, so that every process of an installation signs and verifies with the same
// ones. One ES256 key for access tokens, one RS256 key for identity tokens (which OpenID Connect clients expect).

import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import type { Random } from '../../core/ids.ts'
import type { Database } from '../../store/database.ts'
import type { Revision } from '../revision.ts'
import { sql } from '../statements.ts'

type SigningAlg = 'ES256' | 'RS256'

type SigningKey = {
  readonly kid: string
  readonly alg: SigningAlg
  readonly privateJwk: JWK
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly retired: boolean
}

type SigningKeysParts = {
  readonly now: () => Date
  readonly random: Random
  /** Shows every process that keys were rotated. */
  readonly revision: Revision
}

type Row = { kid: string; alg: SigningAlg; private_jwk: JWK; created_at: Date; retires_at: Date | null }

/** How long a retired key still verifies: longer than any token that it may have signed, except those minted by hand. */
const RETIRED_KEYS_VERIFY_MS = 30 * 86_400_000
/** A token with an unknown key id makes us read the keys again, at most this often: otherwise such tokens could overload the database. */
const LOOK_AGAIN_MS = 10_000
const ALGS = ['ES256', 'RS256'] as const

export class SigningKeys {
  readonly #db: Database
  readonly #now: () => Date
  readonly #random: Random
  readonly #revision: Revision
  #keys: readonly SigningKey[] = []
  #readAtMs = Number.NEGATIVE_INFINITY
  /** The revision at which the keys were read. */
  #of = -1

  private constructor(db: Database, make: SigningKeysParts) {
    this.#db = db
    this.#now = make.now
    this.#random = make.random
    this.#revision = make.revision
  }

  /** Makes the first keys where there are none. */
  static async open(db: Database, make: SigningKeysParts): Promise<SigningKeys> {
    const keys = new SigningKeys(db, make)
    await keys.#read()
    if (keys.#keys.filter(key => !key.retired).length < ALGS.length) await keys.#renew('where there are none')
    return keys
  }

  /** Reads the keys again when another process has rotated them, as soon as a cache would notice. */
  async follow(): Promise<void> {
    const revision = this.#revision.fresh() ?? (await this.#revision.current())
    if (revision !== this.#of) await this.#read()
  }

  /** The key that signs now, as of the last `follow`. */
  signer(alg: SigningAlg): SigningKey {
    return this.#keys.findLast(key => key.alg === alg && !key.retired)!
  }

  /** All keys that still verify, the signing ones first (as an issuer publishes them). */
  all(): readonly SigningKey[] {
    return this.#keys.toSorted((a, b) => Number(a.retired) - Number(b.retired))
  }

  /** The key of that id and algorithm; null for any other. Ids are looked up in memory only, never in paths or SQL. */
  async verifier(kid: string, alg: SigningAlg): Promise<SigningKey | null> {
    await this.follow()
    const known = this.#keys.find(key => key.kid === kid && key.alg === alg)
    if (known) return known
    if (this.#now().getTime() - this.#readAtMs < LOOK_AGAIN_MS) return null
    await this.#read()
    return this.#keys.find(key => key.kid === kid && key.alg === alg) ?? null
  }

  /** New keys sign from now on. The old ones still verify for a while; with `now` they are deleted, and what they signed is void. */
  async rotate({ now = false }: { readonly now?: boolean } = {}): Promise<void> {
    await this.#renew(now ? 'and drop' : 'and retire')
  }

  async #renew(how: 'where there are none' | 'and retire' | 'and drop'): Promise<void> {
    // Made before the lock is taken: making an RSA key can take most of a second.
    const made = await Promise.all(ALGS.map(alg => this.#make(alg)))
    await this.#db.transaction('auth.renew-keys', async tx => {
      await tx.query(sql('lock-installation'))
      const rows = await tx.query<Row>(sql('read-keys'))
      const now = this.#now()
      if (
        how === 'where there are none' &&
        ALGS.every(alg => rows.some(row => row.alg === alg && row.retires_at === null))
      )
        return
      if (how === 'and drop') await tx.query(sql('drop-all-keys'))
      await tx.query(sql('retire-keys'), [new Date(now.getTime() + RETIRED_KEYS_VERIFY_MS)])
      await tx.query(sql('drop-retired-keys'), [now])
      for (const { kid, alg, jwk } of made)
        await tx.query(sql('put-key'), [kid, alg, JSON.stringify(jwk), now])
      await this.#revision.raise(tx)
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
    // Read before the keys, so that the keys are at least as new as this revision.
    const revision = await this.#revision.current()
    const rows = await this.#db.query<Row>(sql('read-keys'))
    const live = rows.filter(row => row.retires_at === null || row.retires_at > now)
    const before = new Map(this.#keys.map(key => [key.kid, key]))
    this.#keys = await Promise.all(live.map(row => keyOf(row, before.get(row.kid))))
    this.#readAtMs = now.getTime()
    this.#of = revision
  }
}

/** `known`: the same key, if it was imported before. */
async function keyOf(row: Row, known: SigningKey | undefined): Promise<SigningKey> {
  const { kid, alg, private_jwk: privateJwk } = row
  if (known) return { ...known, retired: row.retires_at !== null }
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

/** Copies only named members, so that no private member can be published, whatever its name. */
export function publicPart(jwk: JWK): JWK {
  return Object.fromEntries(
    PUBLIC_MEMBERS.flatMap(name => (jwk[name] === undefined ? [] : [[name, jwk[name]]])),
  ) as JWK
}
