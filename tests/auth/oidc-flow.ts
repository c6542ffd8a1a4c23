// An app in which people sign in with the built-in issuer: what it sends, and what it gets.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { type AuthServer, authServer } from './auth-server.ts'
import { Browser } from './browser.ts'

export const CALLBACK = 'https://planner.northwind.example/callback'
export const PLANNER = 'c11e0700-0000-4000-8000-000000000001'
export const TENANT = 'northwind'
export const NORA = 'nora@northwind.example'
export const NILS = 'nils@northwind.example'

/** A tenant with two people, an admin among them, and an app in which they sign in. */
export function northwind({
  scopes = ['Calendars.Read'],
  people = [NORA, NILS],
  apps = ['planner'],
  redirectUris = [CALLBACK],
}: {
  readonly redirectUris?: readonly string[]
  readonly scopes?: readonly string[]
  readonly people?: readonly string[]
  readonly apps?: readonly string[]
} = {}): string {
  const users = people.map(
    upn => `{ upn: ${upn}, name: ${upn.split('@')[0]}, roles: [${upn === NORA ? 'admin' : 'member'}] }`,
  )
  const app = `{ name: planner, clientId: ${PLANNER}, redirectUris: ['${redirectUris.join("', '")}'], scopes: [${scopes.join(', ')}] }`
  return `
tenants:
  - id: ${TENANT}
    name: Northwind
    domains: [northwind.example]
    users: [${users.join(', ')}]
    apps: [${apps.length > 0 ? app : ''}]
`
}

export type Tokens = {
  readonly access_token: string
  readonly refresh_token: string
  readonly id_token: string
  readonly scope: string
}

export class OidcFlow implements AsyncDisposable {
  readonly server: AuthServer
  private readonly verifier = randomBytes(32).toString('base64url')

  private constructor(server: AuthServer) {
    this.server = server
  }

  static async open(file = northwind()): Promise<OidcFlow> {
    const server = await authServer()
    await server.apply(file, { demo: true })
    return new OidcFlow(server)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
  }

  authorizationUrl(scope: string, more: Record<string, string> = {}): string {
    const query = new URLSearchParams({
      client_id: PLANNER,
      response_type: 'code',
      redirect_uri: CALLBACK,
      scope,
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...more,
    })
    return `${this.server.url}/oidc/auth?${query}`
  }

  /** Chooses who signs in at the browser, as the demo lets one. */
  async signIn(browser: Browser, upn: string): Promise<void> {
    const person = await this.server.auth.person(TENANT, upn)
    const answer = await browser.go(`${this.server.url}/signin`, { form: { person: person.id } })
    assert.equal(answer.status, 303)
  }

  async signOut(browser: Browser): Promise<void> {
    assert.equal((await browser.go(`${this.server.url}/signout`, { form: {} })).status, 303)
  }

  /** What the app is told at its callback. */
  async authorize(
    browser: Browser,
    scope: string,
    more: Record<string, string> = {},
  ): Promise<URLSearchParams> {
    const { url, answer } = await browser.follow(this.server.url, this.authorizationUrl(scope, more))
    assert.ok(url.startsWith(CALLBACK), `${answer?.status} ${url} ${await answer?.text()}`)
    return new URL(url).searchParams
  }

  async exchange(
    fields: Record<string, string>,
  ): Promise<{ status: number; body: Tokens & { error: string } }> {
    const answer = await fetch(`${this.server.url}/oidc/token`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: PLANNER, ...fields }),
    })
    return { status: answer.status, body: (await answer.json()) as Tokens & { error: string } }
  }

  async redeem(code: string, redirectUri = CALLBACK) {
    return this.exchange({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: this.verifier,
    })
  }

  async refresh(token: string, more: Record<string, string> = {}) {
    return this.exchange({ grant_type: 'refresh_token', refresh_token: token, ...more })
  }

  /** Signed in before at the browser; consents to everything, a refresh token included. */
  async tokens(browser: Browser, scope: string): Promise<Tokens> {
    const told = await this.authorize(browser, `openid offline_access ${scope}`.trim(), { prompt: 'consent' })
    const { status, body } = await this.redeem(told.get('code') ?? '')
    assert.equal(status, 200, JSON.stringify(body))
    return body
  }

  /** What the server takes an access token for: its scopes, or the code of the refusal. */
  async scopesOf(token: string): Promise<unknown> {
    const { status, body } = await this.server.whoami({ authorization: `Bearer ${token}` })
    return status === 200 ? (body.scopes as string[]).toSorted() : body.code
  }
}

/** A browser at which that person is signed in. */
export async function browserOf(flow: OidcFlow, upn: string): Promise<Browser> {
  const browser = new Browser()
  await flow.signIn(browser, upn)
  return browser
}
