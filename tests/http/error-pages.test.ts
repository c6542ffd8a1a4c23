// What is refused is a page for a person at a browser, and data in the API's own shape for a program.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { problemPage } from '../../server/src/apis/native/pages/problem-page.ts'
import { wantsPage } from '../../server/src/apis/native/pages/send-page.ts'
import { databaseProxy } from '../support/database-proxy.ts'
import { type TestServer, testServer } from '../support/server.ts'
import { confirmLink } from '../support/sign-in-link.ts'
import { httpServer } from './http-server.ts'

/** As Firefox and Chromium send it. */
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8' }
const SCRIPT = '<script>alert(1)</script>'

function assertPage(status: number, response: Response, text: string, what: string): void {
  assert.equal(response.status, status, `${what}: ${text}`)
  assert.match(response.headers.get('content-type') ?? '', /^text\/html/, what)
  const policy = response.headers.get('content-security-policy') ?? ''
  assert.match(policy, /default-src 'none'/, what)
  assert.doesNotMatch(policy, /unsafe/, what)
  assert.match(response.headers.get('vary') ?? '', /Accept/, what)
  assert.match(text, /^<!doctype html>/, what)
  assert.doesNotMatch(text, /<script/, what)
  assert.match(text, new RegExp(String(status)), what)
}

describe('at a server', () => {
  let server: TestServer
  let cookie: string
  before(async () => {
    server = await testServer({ TLS_PORT: 'off' })
    cookie = await signIn(server)
  })
  after(() => server?.[Symbol.asyncDispose]())

  /** Addresses that somebody may open, as alice. */
  const OPENED: readonly (readonly [status: number, path: string, headers?: { [name: string]: string }])[] = [
    [404, `/${SCRIPT}`],
    [404, '/nothing/here?x=1'],
    [404, '/agent/nothing.js'],
    [404, '/webresources/nothing.js'],
    [404, '/mail/nothing'],
    [404, '/api/v1/nothing'],
    [404, '/api/v1/receipts/00000000-0000-8000-8000-000000000000'],
    [404, '/metrics', { 'x-forwarded-for': '203.0.113.9', cookie: 'nobody=1' }],
    [400, '/%ff'],
    [405, '/signout'],
    [405, '/oauth2/token'],
    [405, '/demo/webhook'],
    // Alice is no agent.
    [403, '/agent'],
  ]

  test('a person sees a page, with the same status', async () => {
    for (const [status, path, headers = {}] of OPENED) {
      const response = await fetch(`${server.url}${path}`, { headers: { ...BROWSER, cookie, ...headers } })
      assertPage(status, response, await response.text(), path)
      if (status === 405) assert.equal(response.headers.get('allow'), 'POST', path)
    }
  })

  test('what the issuer refuses is a page too, which says nothing back as markup', async () => {
    for (const path of [`/oidc/auth?client_id=${encodeURIComponent(SCRIPT)}`, '/oidc/auth']) {
      const response = await fetch(`${server.url}${path}`, { headers: BROWSER })
      assertPage(400, response, await response.text(), path)
    }
  })

  test('a program gets problem+json at the same addresses', async () => {
    for (const accept of ['*/*', 'application/json', 'application/json, text/html'])
      for (const [status, path, headers = {}] of OPENED) {
        const response = await fetch(`${server.url}${path}`, { headers: { accept, cookie, ...headers } })
        assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8', path)
        const problem = (await response.json()) as { status: number; code: string }
        assert.deepEqual([response.status, problem.status], [status, status], path)
        assert.match(problem.code, /^[A-Z_]+$/)
      }
  })

  test("the APIs that others' clients call keep their shapes, whatever is accepted", async () => {
    for (const [path, has] of [
      ['/v1.0/me', 'error'],
      ['/v1.0/nothing', 'error'],
      ['/automations/v1/events/report', 'message'],
    ] as const) {
      const response = await fetch(`${server.url}${path}`, { headers: BROWSER })
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/, path)
      assert.ok(has in ((await response.json()) as object), path)
    }
  })
})

test('what is our own fault is a page without details', async () => {
  await using server = await httpServer({
    problemPage: (request, problem) => (wantsPage(request) ? problemPage(problem, request.url) : null),
    routes: app => {
      app.get('/broken', async () => {
        throw new Error('password=hunter2')
      })
    },
  })
  const response = await fetch(`${server.url}/broken`, { headers: BROWSER })
  const text = await response.text()
  assertPage(500, response, text, '/broken')
  assert.ok(!text.includes('hunter2'))
})

test('a database that is away is a page that says when to come again', async () => {
  await using proxy = await databaseProxy()
  await using server = await testServer({ TLS_PORT: 'off' }, { through: proxy })
  const cookie = await signIn(server)
  proxy.mode = 'refuse'
  for (const path of ['/agent', '/', '/mail/x']) {
    server.server.auth.revision.expire()
    const response = await fetch(`${server.url}${path}`, { headers: { ...BROWSER, cookie } })
    assertPage(503, response, await response.text(), path)
    assert.match(response.headers.get('retry-after') ?? '', /^\d+$/, path)
  }
  proxy.mode = 'pass'
})

/** Alice's cookie. */
async function signIn(server: TestServer): Promise<string> {
  const { auth } = server.server
  const link = await auth.sessions.makeLink(await auth.person('contoso', 'alice@contoso.example'))
  const signedIn = await confirmLink(server.url, link)
  return (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
}
