// The sessions of browsers. The cookie is 256 random bits, stored as a hash. It is enough for reading. It
// must never be enough for writing: a request that writes must also prove that it comes from one of our
// pages.

import { isForwarded } from '../../core/forwarded.ts'
import type { Random } from '../../core/ids.ts'
import type { Principal } from '../../core/principal.ts'
import type { Database } from '../../store/database.ts'
import type { Directory, Person } from '../directory/directory.ts'
import { authFault } from '../faults.ts'
import { personPrincipal } from '../principals.ts'
import { type Revision, RevisionCache } from '../revision.ts'
import { PEOPLE_SCOPES } from '../scopes.ts'
import { sql } from '../statements.ts'
import { hashKey, makeKey } from '../tokens/app-secrets.ts'

const SESSION_SECONDS = 7 * 86_400
const LINK_SECONDS = 3600
const MAX_CACHED = 10_000

/** The parts of a request that are used here; a Fastify request has them. */
export type BrowserRequest = {
  readonly method?: string
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined }
}

/** `cookie`: the whole value for Set-Cookie. */
export type SignedIn = { readonly person: Person; readonly cookie: string }

type BrowserSessionsParts = {
  readonly db: Database
  readonly directory: Directory
  readonly revision: Revision
  readonly installationId: string
  readonly demo: boolean
  /** The origins of our pages. */
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
    this.#cache = new RevisionCache(parts.revision, MAX_CACHED)
  }

  /** Null for nobody. @throws Fault CROSS_SITE when somebody is signed in and a foreign page tries to write */
  async principal(request: BrowserRequest): Promise<Principal | null> {
    const person = await this.personAt(request)
    if (!person) return null
    if (request.method !== 'GET' && request.method !== 'HEAD') this.requireOwnPage(request)
    return personPrincipal(person, PEOPLE_SCOPES, null)
  }

  /** Who is signed in at the browser that sent the request, whatever page caused it. This gives no permission to do anything. */
  async personAt(request: BrowserRequest): Promise<Person | null> {
    const key = this.#key(request)
    if (key === null) return null
    const hash = hashKey(key)
    const row = await this.#cache.get(hash.toString('hex'), () => this.#find(hash))
    if (!row || row.expires_at <= this.#parts.now()) return null
    return this.#parts.directory.userById(row.tenant, row.person_id)
  }

  /**
   * SameSite=Lax is not enough: for a browser every port of localhost is the same site, also that of a framed channel. Every browser
   * sends the origin of a page that writes. @throws Fault CROSS_SITE
   */
  requireOwnPage(request: BrowserRequest): void {
    const { origin } = request.headers
    if (origin !== undefined) {
      if (typeof origin === 'string' && this.#parts.origins().has(origin)) return
    } else if (request.headers['sec-fetch-site'] === 'same-origin') return
    throw authFault.CROSS_SITE()
  }

  /**
   * For writes without a session: checks that the page has the origin of the address that it writes to, whatever that origin is.
   * @throws Fault CROSS_SITE
   */
  requireSameOrigin(request: BrowserRequest): void {
    const { origin, host } = request.headers
    if (typeof origin === 'string' && typeof host === 'string' && URL.canParse(origin)) {
      if (new URL(origin).host === host.toLowerCase()) return
    }
    if (request.headers['sec-fetch-site'] === 'same-origin') return
    this.requireOwnPage(request)
  }

  /** `request`: the browser's; its earlier session ends. */
  async signIn(person: Person, request: BrowserRequest): Promise<SignedIn> {
    const { db, now, random } = this.#parts
    await this.end(request)
    const { key, hash } = makeKey('', random)
    await db.query(sql('drop-expired-sessions'), [now()])
    const expiresAt = new Date(now().getTime() + SESSION_SECONDS * 1000)
    await db.query(sql('put-session'), [hash, person.tenant, person.id, expiresAt])
    this.#cache.forget(hash.toString('hex'))
    return { person, cookie: this.#cookie(key, SESSION_SECONDS) }
  }

  /** Ends the browser's session, in every process. Resolves with the Set-Cookie that makes the browser forget. */
  async end(request: BrowserRequest): Promise<string> {
    const key = this.#key(request)
    if (key !== null) {
      const { db, revision } = this.#parts
      const hash = hashKey(key)
      await db.transaction('auth.end-session', async tx => {
        const gone = await tx.query(sql('drop-session'), [hash])
        // Other processes use what they have cached until they see a new revision.
        if (gone.length > 0) await revision.raise(tx)
      })
      this.#cache.forget(hash.toString('hex'))
    }
    return this.#cookie('', 0)
  }

  /** Makes a link that signs one person in, once, after a confirmation on its page. Resolves with its path. */
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

  /** The person that a link would sign in; null if it is used, expired or unknown. Does not use the link up. */
  async linkPerson(code: string): Promise<Person | null> {
    const { db, directory, now } = this.#parts
    const [row] = await db.query<SessionRow>(sql('find-link'), [hashKey(code)])
    if (!row || row.expires_at <= now()) return null
    return directory.userById(row.tenant, row.person_id)
  }

  /** @throws Fault LINK_USED */
  async useLink(code: string, request: BrowserRequest): Promise<SignedIn> {
    const { db, directory, now } = this.#parts
    const rows = await db.query<SessionRow>(sql('use-link'), [hashKey(code)])
    const row = rows[0]
    if (!row || row.expires_at <= now()) throw authFault.LINK_USED()
    const person = await directory.userById(row.tenant, row.person_id)
    if (!person) throw authFault.LINK_USED()
    return this.signIn(person, request)
  }

  /** The people of the demo, to choose from. @throws Fault DEMO_OFF, DEMO_FORWARDED for a request from another machine */
  async demoPeople(request: BrowserRequest): Promise<readonly Person[]> {
    const { demo, directory } = this.#parts
    if (!demo) throw authFault.DEMO_OFF()
    if (isForwarded(request.headers)) throw authFault.DEMO_FORWARDED()
    const tenants = (await directory.tenants()).filter(tenant => tenant.demo)
    return (await Promise.all(tenants.map(tenant => directory.users(tenant.id)))).flat()
  }

  /** Signs the selected demo person in. @throws Fault DEMO_OFF, DEMO_FORWARDED, CROSS_SITE, UNKNOWN_PERSON */
  async chooseDemoPerson(request: BrowserRequest, id: string): Promise<SignedIn> {
    const people = await this.demoPeople(request)
    this.requireOwnPage(request)
    const person = people.find(each => each.id === id)
    if (!person) throw authFault.UNKNOWN_PERSON({ tenant: 'of the demo', person: id.slice(0, 100) })
    return this.signIn(person, request)
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

  /** The name contains a mark of the installation: cookies ignore ports, and two servers on one machine must not sign each other's users out. */
  #cookieName(): string {
    const name = `standdown_${this.#parts.installationId.replaceAll('-', '').slice(-8)}`
    return this.#isSecure() ? `__Host-${name}` : name
  }

  #cookie(value: string, maxAgeSeconds: number): string {
    const secure = this.#isSecure() ? '; Secure' : ''
    return `${this.#cookieName()}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`
  }
}
