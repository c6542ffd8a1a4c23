import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { localPath } from '../../server/src/apis/sign-in/sign-in-routes.ts'
import { confirmLink } from '../support/sign-in-link.ts'
import { ALICE, type AuthServer, authServer } from './auth-server.ts'

describe('a browser that is signed in', () => {
  let server: AuthServer
  before(async () => {
    server = await authServer()
  })
  after(() => server[Symbol.asyncDispose]())

  async function go(
    path: string,
    options: { method?: string; form?: Record<string, string>; headers?: Record<string, string> } = {},
  ) {
    return fetch(`${server.url}${path}`, {
      method: options.method ?? (options.form ? 'POST' : 'GET'),
      redirect: 'manual',
      headers: options.headers ?? {},
      ...(options.form ? { body: new URLSearchParams(options.form) } : {}),
    })
  }
  const confirm = (path: string, headers?: Record<string, string>) => confirmLink(server.url, path, headers)
  const cookieOf = (answer: Response) => answer.headers.getSetCookie()[0]!.split(';')[0]!
  async function link(user = 'alice@contoso.example'): Promise<string> {
    return server.auth.sessions.makeLink(await server.auth.person('contoso', user))
  }
  async function session(options: { method?: string; headers: Record<string, string> }) {
    const answer = await go('/session', options)
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }

  it('came by a link, which works once, when its page was confirmed', async () => {
    const path = await link()
    const page = await go(`${path}&return_to=/receipts`)
    assert.equal(page.status, 200)
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer')
    const answer = await confirm(`${path}&return_to=/receipts`)
    assert.equal(answer.status, 303)
    assert.equal(answer.headers.get('location'), '/receipts')
    const [cookie] = answer.headers.getSetCookie()
    assert.match(
      cookie!,
      /^standdown_[0-9a-f]{8}=[\w-]{43}; Path=\/; Max-Age=604800; HttpOnly; SameSite=Lax$/,
    )
    const { body } = await session({ headers: { cookie: cookieOf(answer) } })
    assert.equal(body.id, ALICE)
    assert.equal((await go(path)).status, 410)
    assert.equal((await confirm(path)).status, 410)
  })

  it('is not signed in by looking at a link, however often and by whatever method', async () => {
    const path = await link()
    for (const method of ['HEAD', 'GET', 'HEAD', 'OPTIONS', 'GET']) {
      const answer = await go(path, { method, headers: { purpose: 'prefetch' } })
      assert.deepEqual(answer.headers.getSetCookie(), [], method)
    }
    const text = await (await go(path)).text()
    assert.match(text, /Sign in as Alice Anders\?/)
    assert.match(text, /<form method="post" action="\/signin">/)
    assert.equal((await confirm(path)).status, 303, 'and it is still good')
  })

  it('is not signed in by a page elsewhere that sends the browser to a link', async () => {
    const path = await link()
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `${server.url}.evil.example` },
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { origin: `http://localhost:${Number(new URL(server.url).port) + 1}`, 'sec-fetch-site': 'same-site' },
    ] as Record<string, string>[]) {
      const answer = await confirm(path, headers)
      assert.equal(answer.status, 403, JSON.stringify(headers))
      assert.deepEqual(answer.headers.getSetCookie(), [])
    }
    assert.equal((await confirm(path)).status, 303, 'nothing of it used the link up')
  })

  it('is let in under whatever name the page was opened by', async () => {
    const localhost = server.url.replace('127.0.0.1', 'localhost')
    assert.equal((await confirm(await link(), { origin: localhost })).status, 303)
    assert.equal((await confirm(await link(), { origin: server.url })).status, 303)
  })

  it('has a link that ends', async () => {
    const path = await link()
    server.clock.aheadMs += 3_600_001
    try {
      assert.equal((await go(path)).status, 410)
      assert.equal((await confirm(path)).status, 410)
    } finally {
      server.clock.aheadMs -= 3_600_001
    }
    assert.equal((await confirm(path)).status, 410, 'and is gone')
  })

  it('is nobody with no cookie, a forged one, or an ended one', async () => {
    const cookie = cookieOf(await confirm(await link()))
    const [name] = cookie.split('=')
    for (const forged of ['', `${name}=`, `${name}=${'A'.repeat(43)}`, `${cookie}A`, `x${cookie}`]) {
      assert.deepEqual((await session({ headers: { cookie: forged } })).body, { nobody: true }, forged)
    }
    server.clock.aheadMs += 8 * 86_400_000
    try {
      assert.deepEqual((await session({ headers: { cookie } })).body, { nobody: true })
    } finally {
      server.clock.aheadMs -= 8 * 86_400_000
    }
  })

  it('may write from our own pages only', async () => {
    const cookie = cookieOf(await confirm(await link()))
    const write = async (headers: Record<string, string>) =>
      (await session({ method: 'POST', headers: { cookie, ...headers } })).status
    const { port } = new URL(server.url)
    assert.equal(await write({ origin: server.url }), 200)
    assert.equal(
      await write({ origin: `http://localhost:${port}` }),
      200,
      'the same page under another name of loopback',
    )
    assert.equal(await write({ 'sec-fetch-site': 'same-origin' }), 200)
    for (const headers of [
      {},
      { origin: 'null' },
      { origin: 'https://evil.example' },
      { origin: `http://localhost:${Number(port) + 1}` },
      { origin: `${server.url}.evil.example` },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'none' },
      { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
    ] as Record<string, string>[]) {
      assert.equal(await write(headers), 403, JSON.stringify(headers))
    }
    assert.equal(
      (await session({ headers: { cookie, origin: 'https://evil.example' } })).status,
      200,
      'reading is by CORS',
    )
  })

  it('signs out, here and when its tokens are revoked', async () => {
    const cookie = cookieOf(await confirm(await link()))
    const other = cookieOf(await confirm(await link('bob@contoso.example')))
    assert.equal(
      (await go('/signout', { method: 'POST', headers: { cookie } })).status,
      403,
      'not for a foreign page',
    )
    const out = await go('/signout', { method: 'POST', headers: { cookie, origin: server.url } })
    assert.equal(out.status, 303)
    assert.match(out.headers.getSetCookie()[0]!, /=; Path=\/; Max-Age=0/)
    assert.deepEqual((await session({ headers: { cookie } })).body, { nobody: true })
    assert.equal((await session({ headers: { cookie: other } })).body.upn, 'bob@contoso.example')
    await server.auth.revokePerson('contoso', 'bob@contoso.example')
    assert.deepEqual((await session({ headers: { cookie: other } })).body, { nobody: true })
  })

  it('of the demo is whoever was chosen, from our own page', async () => {
    const page = await go('/signin?return_to=/agent')
    const text = await page.text()
    assert.match(text, /Alice Anders/)
    assert.ok(!text.includes('Erin'), 'only people of the demo')
    assert.match(page.headers.get('content-security-policy')!, /frame-ancestors 'none'/)
    const form = { person: ALICE, return_to: '/agent' }
    assert.equal((await go('/signin', { form })).status, 403)
    assert.equal((await go('/signin', { form, headers: { origin: 'https://evil.example' } })).status, 403)
    const chosen = await go('/signin', { form, headers: { origin: server.url } })
    assert.equal(chosen.status, 303)
    assert.equal(chosen.headers.get('location'), '/agent')
    assert.equal((await session({ headers: { cookie: cookieOf(chosen) } })).body.id, ALICE)
    const erin = (await server.auth.directory.user('fabrikam', 'erin@fabrikam.example'))!
    const headers = { origin: server.url }
    assert.equal((await go('/signin', { form: { person: erin.id }, headers })).status, 404)
  })

  it('is never sent to another site', () => {
    for (const path of [
      '//evil.example',
      '/\\evil.example',
      'https://evil.example',
      'javascript:alert(1)',
      '/ok\r\nSet-Cookie: a',
      '/\t/evil.example',
      7,
      undefined,
    ]) {
      assert.equal(localPath(path), '/', String(path))
    }
    assert.equal(localPath('/agent?a=1&b=%2F'), '/agent?a=1&b=%2F')
    for (const path of ['/a/../..//evil.example', '/.//evil.example', '/%2e//evil.example'])
      assert.equal(localPath(path), '/', path)
  })
})

describe('the demo', () => {
  it('lets nobody choose where it is off', async () => {
    await using server = await authServer({ DEMO: 'off' })
    const page = await fetch(`${server.url}/signin`)
    assert.equal(page.status, 200)
    assert.ok(!(await page.text()).includes('Alice'))
    const body = new URLSearchParams({ person: ALICE })
    const answer = await fetch(`${server.url}/signin`, {
      method: 'POST',
      headers: { origin: server.url },
      body,
    })
    assert.equal(answer.status, 404)
  })

  it('lets nobody choose who came through a proxy, whatever that proxy is called', async () => {
    await using server = await authServer()
    const body = () => new URLSearchParams({ person: ALICE })
    const forwarded: Record<string, string>[] = [
      { forwarded: 'for=192.0.2.1' },
      { via: '1.1 proxy' },
      { 'x-forwarded-for': '127.0.0.1' },
      { 'x-forwarded-host': '127.0.0.1' },
      { 'x-forwarded-proto': 'https' },
      { 'x-forwarded-ssl': 'on' },
      { 'x-real-ip': '127.0.0.1' },
      { 'true-client-ip': '192.0.2.1' },
      { 'cf-connecting-ip': '192.0.2.1' },
      { 'cdn-loop': 'cloudflare' },
      { 'fly-client-ip': '192.0.2.1' },
    ]
    for (const headers of forwarded) {
      const name = Object.keys(headers)[0]
      const page = await fetch(`${server.url}/signin`, { headers })
      assert.equal(page.status, 200)
      assert.ok(!(await page.text()).includes('Alice'), name)
      const answer = await fetch(`${server.url}/signin`, {
        method: 'POST',
        redirect: 'manual',
        headers: { origin: server.url, ...headers },
        body: body(),
      })
      assert.equal(answer.status, 403, name)
      assert.deepEqual(answer.headers.getSetCookie(), [])
      assert.equal(((await answer.json()) as { code: string }).code, 'DEMO_FORWARDED')
    }
    const direct = await fetch(`${server.url}/signin`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: server.url },
      body: body(),
    })
    assert.equal(direct.status, 303)
  })

  it('sets Secure cookies with a host prefix where the public URL is https', async () => {
    await using server = await authServer({ PUBLIC_URL: 'https://standdown.example', DEMO: 'off' })
    const path = await server.auth.sessions.makeLink(
      await server.auth.person('contoso', 'bob@contoso.example'),
    )
    const answer = await confirmLink(localUrl(server), path)
    assert.match(answer.headers.getSetCookie()[0]!, /^__Host-standdown_.*; Secure$/)
  })
})

function localUrl(server: AuthServer): string {
  const address = server.http.app.server.address()
  assert.ok(address !== null && typeof address === 'object')
  return `http://127.0.0.1:${address.port}`
}
