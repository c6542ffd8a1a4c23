// Signs our own access tokens: those of apps, and those that the command line mints. JWTs (RFC 9068), ES256.

import { SignJWT } from 'jose'
import type { Random } from '../../core/ids.ts'
import type { App, Person, SiteInstance, Tenant } from '../directory/directory.ts'
import type { SigningKeys } from './signing-keys.ts'

/** Seconds that an app's token lives, as Wix's do. */
export const APP_TOKEN_SECONDS = 4 * 3600
/** The longest life that can be requested, seconds. */
const LONGEST_TOKEN_SECONDS = 30 * 86_400

export type Bearer =
  | { readonly is: 'person'; readonly person: Person; readonly appId: string | null }
  | { readonly is: 'app'; readonly app: App; readonly instance: SiteInstance | null }
  /** Operates one tenant with the rights of an admin; minted for the command line. */
  | { readonly is: 'operator'; readonly tenant: Pick<Tenant, 'id' | 'operatorGeneration'> }

type TokenLife = {
  readonly ttlSeconds: number
  /** When the credential ends that it is minted with: it ends then at the latest. Null: that credential has no end. */
  readonly notAfter?: Date | null
}

export type AccessToken = {
  readonly token: string
  readonly expiresInSeconds: number
  readonly scopes: readonly string[]
}

/**
 * Claims beside the registered ones:
 * - tid: tenant; idtyp: what `sub` is the id of: user, app, operator
 * - gen: generation of that person, app or tenant's operators: a new one makes the token void
 * - scp: scopes, separated by spaces; azp: the app it was issued to; instance_id: Wix's site instance
 */
type OwnClaims = {
  readonly sub: string
  readonly tid: string
  readonly idtyp: 'user' | 'app' | 'operator'
  readonly gen: number
  readonly scp: string
  readonly azp?: string
  readonly instance_id?: string
}

export class AccessTokens {
  readonly #keys: SigningKeys
  readonly #urn: string
  readonly #now: () => Date
  readonly #random: Random

  /** `urn`: both issuer and audience. */
  constructor(parts: { keys: SigningKeys; urn: string; now: () => Date; random: Random }) {
    this.#keys = parts.keys
    this.#urn = parts.urn
    this.#now = parts.now
    this.#random = parts.random
  }

  async sign(bearer: Bearer, scopes: readonly string[], life: TokenLife): Promise<AccessToken> {
    await this.#keys.follow()
    const key = this.#keys.signer('ES256')
    const issuedAt = Math.floor(this.#now().getTime() / 1000)
    const expiresAt = endOf(life, issuedAt)
    const token = await new SignJWT({ ...claimsOf(bearer, scopes) })
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt' })
      .setIssuer(this.#urn)
      .setAudience(this.#urn)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .setJti(Buffer.from(this.#random(12)).toString('base64url'))
      .sign(key.privateKey)
    return { token, expiresInSeconds: expiresAt - issuedAt, scopes }
  }
}

/** Seconds since 1970. */
function endOf({ ttlSeconds, notAfter = null }: TokenLife, issuedAt: number): number {
  const wanted = issuedAt + Math.max(1, Math.min(Math.floor(ttlSeconds), LONGEST_TOKEN_SECONDS))
  return notAfter === null ? wanted : Math.min(wanted, Math.floor(notAfter.getTime() / 1000))
}

function claimsOf(bearer: Bearer, scopes: readonly string[]): OwnClaims {
  const scp = scopes.join(' ')
  switch (bearer.is) {
    case 'person': {
      const { id, tenant, generation } = bearer.person
      return {
        sub: id,
        tid: tenant,
        idtyp: 'user',
        gen: generation,
        scp,
        ...(bearer.appId ? { azp: bearer.appId } : {}),
      }
    }
    case 'app': {
      const { id, tenant, generation } = bearer.app
      const instance = bearer.instance ? { instance_id: bearer.instance.id } : {}
      return { sub: id, tid: tenant, idtyp: 'app', gen: generation, scp, azp: id, ...instance }
    }
    case 'operator': {
      const { id, operatorGeneration: gen } = bearer.tenant
      return { sub: 'operator', tid: id, idtyp: 'operator', gen, scp }
    }
  }
}
