// A stranger with all rights in a tenant of their own tries every endpoint with the ids of another tenant. They learn
// nothing (not even that the ids are somebody's) and change nothing.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type TestServer, testServer } from '../support/server.ts'
import { confirmLink } from '../support/sign-in-link.ts'
import { type Attempt, FOREIGN_REQUESTS } from './foreign-requests.ts'
import { routesOf } from './routes.ts'
import { type Names, nobodysNames, ownTenant, SECRET_WORD, STRANGERS } from './two-tenants.ts'

let server: TestServer
let names: Names
let own: Awaited<ReturnType<typeof ownTenant>>
let credentials: Readonly<Record<Attempt['who'], Readonly<Record<string, string>>>>

before(async () => {
  server = await testServer()
  own = await ownTenant(server)
  names = own.names
  await server.server.workspace.apply(STRANGERS, { apply: true })
  const mint = async (whose: { person: string } | { app: string }) =>
    (await server.server.auth.mintToken({ tenant: 'fabrikam', for: whose })).token
  const app = await mint({ app: 'evil-app' })
  credentials = {
    person: { authorization: `Bearer ${await mint({ person: 'mallory@fabrikam.example' })}` },
    browser: { cookie: await signIn('fabrikam', 'mallory@fabrikam.example'), accept: 'text/html' },
    app: { authorization: `Bearer ${app}` },
    'raw-app': { authorization: app },
    nobody: {},
  }
})
after(() => server?.[Symbol.asyncDispose]())

test('every route that the server has is tried', () => {
  assert.deepEqual(
    routesOf(server.server.http).filter(route => !FOREIGN_REQUESTS.has(route)),
    [],
    'add them to foreign-requests.ts',
  )
  const real = new Set(routesOf(server.server.http))
  assert.deepEqual(
    [...FOREIGN_REQUESTS.keys()].filter(route => !real.has(route)),
    [],
    'gone',
  )
})

test("another tenant's ids answer as ids of nobody do, tell nothing and change nothing", async t => {
  const before = await own.snapshot()
  const nobodys = nobodysNames(names)
  let tried = 0
  for (const [route, attempts] of FOREIGN_REQUESTS) {
    await t.test(route, async () => {
      for (const attempt of attempts) {
        const foreign = await send(attempt, names)
        const unknown = await send(attempt, nobodys)
        assert.ok(foreign.status < 500, `${attempt.path}: ${foreign.status} ${foreign.text}`)
        assert.equal(
          foreign.status,
          unknown.status,
          `${attempt.method} ${attempt.path}: ${foreign.text} ${unknown.text}`,
        )
        assert.ok(!foreign.text.includes(SECRET_WORD), `${attempt.method} ${attempt.path}: ${foreign.text}`)
        assert.deepEqual(foreign.shape, unknown.shape, `${attempt.method} ${attempt.path}`)
        tried += 1
      }
    })
  }
  assert.ok(tried > 70, `${tried} requests`)
  assert.deepEqual(await own.snapshot(), before)
})

type Seen = { readonly status: number; readonly text: string; readonly shape: unknown }

async function send({ who, method, path, body, headers = {} }: Attempt, filling: Names): Promise<Seen> {
  const fill = (text: string) =>
    text.replace(/\{(\w+)\}/g, (whole, name: string) => filling[name as keyof Names] ?? whole)
  const sent = body === undefined ? undefined : fill(JSON.stringify(body))
  const response = await fetch(`${server.url}${fill(path)}`, {
    method,
    redirect: 'manual',
    headers: {
      ...credentials[who],
      ...JSON.parse(fill(JSON.stringify(headers))),
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(sent === undefined ? {} : { body: sent }),
  })
  const text = await response.text()
  // What the caller sent comes back in some answers, now or later, and that is all that may differ. The longest first,
  // since some names stand in others.
  let told = text
  const sentNames = [...Object.values(names), ...Object.values(nobodysNames(names))]
  for (const name of sentNames.sort((a, b) => b.length - a.length)) told = told.replaceAll(name, '…')
  return { status: response.status, text: told, shape: shapeOf(told) }
}

/** The cookie of a browser in which this person is signed in. */
async function signIn(tenant: string, upn: string): Promise<string> {
  const { auth } = server.server
  const link = await auth.sessions.makeLink(await auth.person(tenant, upn))
  const signedIn = await confirmLink(server.url, link)
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0]
  assert.ok(cookie)
  const start = await fetch(`${server.url}/`, { headers: { cookie } })
  assert.match(await start.text(), /Mallory/, 'signed in')
  return cookie
}

/** An answer without what is new in every answer: ids, times, secrets. */
function shapeOf(text: string): unknown {
  try {
    return JSON.parse(text, (_, value) =>
      typeof value === 'string'
        ? value.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z?|whsec_[\w+/=]+/gi, '…')
        : value,
    )
  } catch {
    return null
  }
}
