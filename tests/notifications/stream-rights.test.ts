// An agent's stream ends with the right to it: by whatever that goes, in the process that it goes in and in others.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { DEMO_TENANT, type TestServer, testServer } from '../support/server.ts'

const DEMO = readFileSync(new URL('../../examples/workspace.yaml', import.meta.url), 'utf8')
const DANA = 'dana@contoso.example'
const ELSEWHERE = 'erik@contoso.example'

let here: TestServer
/** Another process's server on the same database. */
let there: TestServer

before(async () => {
  here = await testServer({ TLS_PORT: 'off' })
  const { host = '', user = '', database = '' } = here.databaseOptions
  there = await testServer({
    TLS_PORT: 'off',
    DATABASE_URL: `postgresql:///${database}?host=${encodeURIComponent(host)}&user=${encodeURIComponent(user)}`,
  })
})
after(async () => {
  await there?.[Symbol.asyncDispose]()
  await here?.[Symbol.asyncDispose]()
})

type Stream = {
  readonly servedBy: TestServer
  /** Resolves when the first screen has come. */
  readonly begun: Promise<void>
  /** All that came, once it has ended. */
  readonly ended: Promise<string>
}

function open(servedBy: TestServer, headers: Record<string, string>): Stream {
  const begun = Promise.withResolvers<void>()
  const read = async () => {
    const response = await fetch(`${servedBy.url}/api/v1/notifications/screen/events`, { headers })
    assert.equal(response.status, 200)
    let text = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      if (text.includes('event: screen')) begun.resolve()
    }
    return text
  }
  return { servedBy, begun: begun.promise, ended: read() }
}

async function cookieOf(upn = DANA): Promise<string> {
  const { auth } = here.server
  const { cookie } = await auth.sessions.signIn(await auth.person(DEMO_TENANT, upn), { headers: {} })
  return cookie.split(';')[0] as string
}

const apply = (text: string) =>
  here.server.workspace.apply(text, { apply: true, prune: true, pending: 'keep', demo: true })
/** The demo's file with other rights for dana; undone by applying the file as it is. */
const without = (text: string, what: string, instead: string) => {
  assert.ok(text.includes(what))
  return text.replace(what, instead)
}

type Loss = {
  readonly name: string
  readonly code: string
  credential(): Promise<Record<string, string>>
  lose(headers: Record<string, string>): Promise<unknown>
  undo?(): Promise<unknown>
}

const byCookie = async () => ({ cookie: await cookieOf() })
const byToken = async () => ({ authorization: `Bearer ${await here.personToken('dana')}` })
const signOut = (headers: Record<string, string>) =>
  fetch(`${here.url}/signout`, {
    method: 'POST',
    redirect: 'manual',
    headers: { ...headers, origin: here.url },
  })
const revoke = () => here.server.auth.revokePerson(DEMO_TENANT, DANA)
const takeRole = () => apply(without(DEMO, 'roles: [agent]', 'roles: [member]'))
const rename = () => apply(DEMO.replaceAll(DANA, ELSEWHERE).replace('da4a0000', 'da4a0001'))
const undo = () => apply(DEMO)

const LOSSES: readonly Loss[] = [
  { name: 'signing out', code: 'SIGN_IN_NEEDED', credential: byCookie, lose: signOut },
  {
    name: 'another person signing in at the browser',
    code: 'SIGN_IN_NEEDED',
    credential: byCookie,
    async lose(headers) {
      const bob = await here.server.auth.person(DEMO_TENANT, 'bob@contoso.example')
      await fetch(`${here.url}/signin`, {
        method: 'POST',
        redirect: 'manual',
        headers: { ...headers, origin: here.url },
        body: new URLSearchParams({ person: bob.id }),
      })
    },
  },
  { name: 'revoking, by cookie', code: 'SIGN_IN_NEEDED', credential: byCookie, lose: revoke },
  { name: 'revoking, by token', code: 'TOKEN_REVOKED', credential: byToken, lose: revoke },
  { name: 'taking the role, by cookie', code: 'AGENT_ONLY', credential: byCookie, lose: takeRole, undo },
  { name: 'taking the role, by token', code: 'AGENT_ONLY', credential: byToken, lose: takeRole, undo },
  {
    name: 'removing the person, by cookie',
    code: 'SIGN_IN_NEEDED',
    credential: byCookie,
    lose: rename,
    undo,
  },
  { name: 'removing the person, by token', code: 'TOKEN_REVOKED', credential: byToken, lose: rename, undo },
  {
    name: 'the expiry of the token',
    code: 'TOKEN_EXPIRED',
    async credential() {
      const { token } = await here.server.auth.mintToken({
        tenant: DEMO_TENANT,
        for: { person: DANA },
        ttlSeconds: 3,
      })
      return { authorization: `Bearer ${token}` }
    },
    lose: async () => {},
  },
]

for (const { name, code, credential, lose, undo } of LOSSES) {
  test(`a stream ends with ${name}, here and in another process, and says so`, async t => {
    if (undo) t.after(undo)
    const headers = await credential()
    // What the test before took away is back: the other process is to know it now, not in five seconds.
    there.server.auth.revision.expire()
    const streams = [open(here, headers), open(there, headers)]
    for (const stream of streams) await stream.begun
    await lose(headers)
    for (const { ended, servedBy } of streams) {
      const text = await ended
      const last = text.trimEnd().split('\n\n').at(-1) ?? ''
      assert.match(
        last,
        new RegExp(`^event: refused\ndata: .*"code":"${code}"`),
        servedBy === here ? 'here' : 'there',
      )
    }
  })
}

test('what is offered after the right was lost is not shown any more', async () => {
  const headers = await byCookie()
  const stream = open(here, headers)
  await stream.begun
  await signOut(headers)
  const offer = { channel: 'demo_softphone', templateName: 'msdyn_chat_incoming_unauthenticated' }
  const answer = await fetch(`${here.url}/api/v1/notifications/offers`, {
    method: 'POST',
    headers: { ...(await byToken()), 'content-type': 'application/json' },
    body: JSON.stringify(offer),
  })
  assert.equal(answer.status, 201)
  const { id } = (await answer.json()) as { id: string }
  assert.ok(!(await stream.ended).includes(id))
})

test('a page is told nothing of another person who has signed in at its browser', async () => {
  const { auth } = here.server
  const dana = await auth.person(DEMO_TENANT, DANA)
  const bob = await auth.person(DEMO_TENANT, 'bob@contoso.example')
  for (const path of ['/screen', '/screen/events']) {
    const at = (agent: string) => `${here.url}/api/v1/notifications${path}?agent=${agent}`
    const other = await fetch(at(bob.id), { headers: { cookie: await cookieOf() } })
    assert.equal(other.status, 403)
    assert.equal(((await other.json()) as { code: string }).code, 'OTHER_AGENT')
    const controller = new AbortController()
    const own = await fetch(at(dana.id), { headers: { cookie: await cookieOf() }, signal: controller.signal })
    assert.equal(own.status, 200)
    controller.abort()
  }
})

test('an agent may have so many pages open at once; a page that is closed makes room for the next', async () => {
  const headers = await byToken()
  const most = here.server.http.longResponses.limits.each
  const open = async () => {
    const left = new AbortController()
    const response = await fetch(`${here.url}/api/v1/notifications/screen/events`, {
      headers,
      signal: left.signal,
    })
    // The response itself is kept: fetch closes the connection of one that nobody holds any more.
    return { response, status: response.status, left, retryAfter: response.headers.get('retry-after') }
  }
  // Pages of tests before this one may still be counted, and end meanwhile.
  const pages = [await open()]
  while (pages.at(-1)!.status === 200 && pages.length <= 2 * most) pages.push(await open())
  const refused = pages.pop()!
  assert.equal(refused.status, 429)
  assert.ok(Number(refused.retryAfter) > 0)
  assert.equal(((await refused.response.json()) as { code: string }).code, 'TOO_MANY_STREAMS')
  pages[0]!.left.abort()
  for (let status = 429; status !== 200; ) {
    const page = await open()
    status = page.status
    page.left.abort()
  }
  for (const page of pages) page.left.abort()
})
