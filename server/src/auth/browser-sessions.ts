// Who is signed in with a browser. The cookie is 256 random bits, kept as a hash; it proves the person for reading, and
// for writing only together with a proof that the page that writes is one of ours.

import type { Random } from '../core/ids.ts'
import type { Principal } from '../core/principal.ts'
import type { Database } from '../store/database.ts'
import { statements } from '../store/statements.ts'
import { hashKey, makeKey } from './app-secrets.ts'
import { authFault } from './auth-faults.ts'
import type { Directory, Person } from './directory.ts'
import { personPrincipal } from './principals.ts'
import { type Revision, RevisionCache } from './revision.ts'
import { PEOPLE_SCOPES } from './scopes.ts'

const sql = statements(import.meta.url)

const SESSION_SECONDS = 7 * 86_400
const LINK_SECONDS = 3600
const MOST_CACHED = 10_000

/** The part of a request that counts here; a Fastify request is one. */
export type BrowserRequest = {
  readonly method?: string
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined }
}

/** `cookie`: the whole value for Set-Cookie. */
export type SignedIn = { readonly person: Person; readonly cookie: string }

export type BrowserSessionsParts = {
  readonly db: Database
  readonly directory: Directory
  readonly revision: Revision
  readonly installationId: string
  readonly demo: boolean
  /** Origins that pages of ours have. */
  readonly origins: () => ReadonlySet<string>
  readonly publicUrl: () => string | null
  readonly now: () => Date
  readonly random: Random
}

type SessionRow = { tenant: string; person_id: string; expires_at: Date }

export class BrowserSessions {
  readonly #parts: BrowserSessionsParts
  readonly #cache: RevisionCache<SessionRow | null>

  constructor(parts: BrowserSessionsParts) {
    this.#parts = parts
    this.#cache = new RevisionCache(parts.revision, MOST_CACHED)
  }

  /** Null for nobody. @throws Fault CROSS_SITE when somebody is signed in and a foreign page tries to write */
  async principal(request: BrowserRequest): Promise<Principal | null> {
    const key = this.#key(request)
    if (key === null) return null
    const hash = hashKey(key)
    const row = await this.#cache.get(hash.toString('hex'), () => this.#find(hash))
    if (!row || row.expires_at <= this.#parts.now()) return null
    const person = await this.#parts.directory.userById(row.tenant, row.person_id)
    if (!person) return null
    if (request.method !== 'GET' && request.method !== 'HEAD') this.requireOwnPage(request)
    return personPrincipal(person, PEOPLE_SCOPES, null)
  }

  /**
   * SameSite=Lax is not enough: to a browser every port of localhost is the same site, a framed channel's included.
   * Every browser names the origin of a page that writes. @throws Fault CROSS_SITE
   */
  requireOwnPage(request: BrowserRequest): void {
    const { origin } = request.headers
    if (origin !== undefined) {
      if (typeof origin === 'string' && this.#parts.origins().has(origin)) return
    } else if (request.headers['sec-fetch-site'] === 'same-origin') return
    throw authFault.CROSS_SITE()
  }

  async signIn(person: Person): Promise<SignedIn> {
    const { db, now, random } = this.#parts
    const { key, hash } = makeKey('', random)
    await db.query(sql('drop-expired-sessions'), [now()])
    const expiresAt = new Date(now().getTime() + SESSION_SECONDS * 1000)
    await db.query(sql('put-session'), [hash, person.tenant, person.id, expiresAt])
    this.#cache.forget(hash.toString('hex'))
    return { person, cookie: this.#cookie(key, SESSION_SECONDS) }
  }

  /** Resolves with the Set-Cookie that makes the browser forget. */
  async signOut(request: BrowserRequest): Promise<string> {
    const key = this.#key(request)
    if (key !== null) {
      this.requireOwnPage(request)
      const hash = hashKey(key)
      await this.#parts.db.query(sql('drop-session'), [hash])
      this.#cache.forget(hash.toString('hex'))
    }
    return this.#cookie('', 0)
  }

  /** A link that signs one person in, once. Resolves with its path. */
  async makeLink(person: Person, ttlSeconds: number = LINK_SECONDS): Promise<string> {
    const { db, now, random } = this.#parts
    const { key, hash } = makeKey('', random)
    await db.query(sql('drop-expired-links'), [now()])
    await db.query(sql('put-link'), [
      hash,
      person.tenant,
      person.id,
      new Date(now().getTime() + ttlSeconds * 1000),
    ])
    return `/signin?code=${key}`
  }

  /** @throws Fault LINK_USED */
  async useLink(code: string): Promise<SignedIn> {
    const { db, directory, now } = this.#parts
    const rows = await db.query<SessionRow>(sql('use-link'), [hashKey(code)])
    const row = rows[0]
    if (!row || row.expires_at <= now()) throw authFault.LINK_USED()
    const person = await directory.userById(row.tenant, row.person_id)
    if (!person) throw authFault.LINK_USED()
    return this.signIn(person)
  }

  /** The people of the demo, to choose from. @throws Fault DEMO_OFF */
  async demoPeople(): Promise<readonly Person[]> {
    const { demo, directory } = this.#parts
    if (!demo) throw authFault.DEMO_OFF()
    const tenants = (await directory.tenants()).filter(tenant => tenant.demo)
    return (await Promise.all(tenants.map(tenant => directory.users(tenant.id)))).flat()
  }

  /** Signs in whoever was chosen. @throws Fault DEMO_OFF, CROSS_SITE, UNKNOWN_PERSON */
  async chooseDemoPerson(request: BrowserRequest, id: string): Promise<SignedIn> {
    const people = await this.demoPeople()
    this.requireOwnPage(request)
    const person = people.find(each => each.id === id)
    if (!person) throw authFault.UNKNOWN_PERSON({ tenant: 'of the demo', person: id.slice(0, 100) })
    return this.signIn(person)
  }

  async #find(hash: Buffer): Promise<SessionRow | null> {
    return (await this.#parts.db.query<SessionRow>(sql('find-session'), [hash]))[0] ?? null
  }

  #key(request: BrowserRequest): string | null {
    const { cookie } = request.headers
    if (typeof cookie !== 'string' || cookie.length > 16_384) return null
    const name = `${this.#cookieName()}=`
    const pair = cookie.split(/;\s*/).find(each => each.startsWith(name))
    const key = pair?.slice(name.length)
    return key !== undefined && /^[\w-]{43}$/.test(key) ? key : null
  }

  #isSecure(): boolean {
    return this.#parts.publicUrl()?.startsWith('https:') ?? false
  }

  /** With a mark of the installation: cookies know no ports, and two servers on one machine must not sign each other out. */
  #cookieName(): string {
    const name = `standdown_${this.#parts.installationId.replaceAll('-', '').slice(-8)}`
    return this.#isSecure() ? `__Host-${name}` : name
  }

  #cookie(value: string, maxAgeSeconds: number): string {
    const secure = this.#isSecure() ? '; Secure' : ''
    return `${this.#cookieName()}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`
  }
}
