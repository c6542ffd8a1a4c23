import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Fault } from '../../server/src/core/fault.ts'
import { alone } from '../../server/src/http/metrics.ts'
import { requestPath } from '../../server/src/http/request-path.ts'
import { contentSecurityPolicy } from '../../server/src/http/security-headers.ts'
import { DatabaseUnavailable } from '../../server/src/store/database.ts'
import { httpServer, raw } from './http-server.ts'

describe("a request's address", () => {
  it('may have backslashes, an origin, and no Host', async () => {
    await using server = await httpServer({
      demo: true,
      routes: app =>
        void app.post('/docs/api/me/events/:id/cancel', async request => ({
          url: request.url,
          body: request.body,
        })),
    })
    const body = '{\r\n  "Comment": "Comment value"\r\n}\r\n'
    const rest = `Content-type: application/json\r\nContent-length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
    for (const line of [
      'POST https://graph.microsoft.com/docs\\api/me/events/1/cancel HTTP/1.1',
      'POST /docs\\api/me/events/1/cancel HTTP/1.1',
      'POST /docs%5Capi/me/events/1/cancel HTTP/1.1',
      'POST /docs%5capi\\me\\events\\1\\cancel HTTP/1.1',
      'POST /docs/api/me/events/1/cancel HTTP/1.1\r\nHost: graph.microsoft.com',
    ]) {
      const answer = await raw(server.port, `${line}\r\n${rest}`)
      assert.match(answer, /^HTTP\/1\.1 200 /, line)
      assert.match(
        answer,
        /"url":"\/docs\/api\/me\/events\/1\/cancel","body":\{"Comment":"Comment value"\}/,
        line,
      )
    }
  })

  it('keeps its data as it is', () => {
    for (const [target, path] of [
      ['/v1.0/me/events/a%5Cb', '/v1.0/me/events/a%5Cb'],
      ['/a?b=c\\d', '/a?b=c\\d'],
      ['/docs%5Capix/me', '/docs%5Capix/me'],
      ['/docs%5Capi', '/docs/api'],
      ['/docs%5Capi?x=\\', '/docs/api?x=\\'],
      ['https://graph.microsoft.com', '/'],
      ['http://h?x=1', '/?x=1'],
      ['http://h\\docs\\api/me', '/docs/api/me'],
      ['//evil.example/x', '//evil.example/x'],
    ]) {
      assert.equal(requestPath(target!), path, target)
    }
  })

  it('under an unknown name is refused while the demo is on, which stops DNS rebinding', async () => {
    await using server = await httpServer({ demo: true, env: { PUBLIC_URL: 'http://desk.internal:9000' } })
    const status = async (host: string) =>
      (await raw(server.port, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).split(
        ' ',
      )[1]
    for (const host of [
      'localhost:7700',
      '127.0.0.1',
      '[::1]:1',
      'www.wixapis.com',
      'desk.internal:9000',
      'desk.internal',
    ]) {
      assert.equal(await status(host), '200', host)
    }
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '192.168.0.1',
      'a b',
    ]) {
      assert.notEqual(await status(host), '200', host)
    }
    await using open = await httpServer()
    const answer = await raw(
      open.port,
      'GET /healthz HTTP/1.1\r\nHost: anything.example\r\nConnection: close\r\n\r\n',
    )
    assert.match(answer, /^HTTP\/1\.1 200 /)
  })
})

describe('an answer', () => {
  it('is safe to show, unless its route says otherwise', async () => {
    const framed = contentSecurityPolicy({ 'frame-ancestors': ['https://desk.example'] })
    await using server = await httpServer({
      routes: app => {
        app.get('/page', async (_request, reply) => reply.type('text/html').send('<p>'))
        app.get('/framed', async (_request, reply) =>
          reply
            .type('text/html')
            .header('content-security-policy', framed)
            .header('cache-control', 'public')
            .send('<p>'),
        )
      },
    })
    const data = (await fetch(`${server.url}/nothing`)).headers
    assert.equal(data.get('x-content-type-options'), 'nosniff')
    assert.equal(data.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'")
    assert.equal(data.get('cache-control'), 'no-store')
    assert.match(data.get('x-request-id')!, /^[0-9a-f-]{36}$/)
    const page = (await fetch(`${server.url}/page`)).headers
    assert.match(
      page.get('content-security-policy')!,
      /script-src 'self';.*form-action 'self';.*frame-ancestors 'none'/,
    )
    assert.equal(page.get('x-frame-options'), 'DENY')
    const other = (await fetch(`${server.url}/framed`)).headers
    assert.match(other.get('content-security-policy')!, /frame-ancestors https:\/\/desk\.example/)
    assert.equal(other.get('x-frame-options'), null)
    assert.equal(other.get('cache-control'), 'public')
  })

  it('is for the scripts of the origins that were named', async () => {
    await using server = await httpServer({ env: { CORS_ORIGINS: 'https://a.example' } })
    const ask = async (origin: string, method = 'GET', headers = {}) =>
      (await fetch(`${server.url}/healthz`, { method, headers: { origin, ...headers } })).headers
    assert.equal((await ask('https://a.example')).get('access-control-allow-origin'), 'https://a.example')
    assert.equal((await ask('https://a.example')).get('vary'), 'Origin')
    assert.match((await ask('https://a.example')).get('access-control-expose-headers')!, /Standdown-Receipt/)
    assert.equal((await ask('https://a.example')).get('access-control-allow-credentials'), null)
    for (const origin of [
      'https://b.example',
      'https://a.example.evil.example',
      'null',
      'http://a.example',
    ]) {
      assert.equal((await ask(origin)).get('access-control-allow-origin'), null, origin)
    }
    const preflight = await fetch(`${server.url}/echo`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://a.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type',
      },
    })
    assert.equal(preflight.status, 204)
    assert.equal(preflight.headers.get('access-control-allow-headers'), 'authorization, content-type')
    assert.equal(preflight.headers.get('access-control-allow-methods'), 'GET, POST, PUT, PATCH, DELETE')
    assert.equal(preflight.headers.get('access-control-max-age'), '600')
    const asked = { 'access-control-request-method': 'POST' }
    assert.equal((await ask('https://b.example', 'OPTIONS', asked)).get('access-control-allow-origin'), null)
    assert.equal(
      (
        await fetch(`${server.url}/echo`, {
          method: 'OPTIONS',
          headers: { ...asked, origin: 'https://b.example' },
        })
      ).status,
      405,
      'what is not listed goes on to its route',
    )
    // Without that header it asks for nothing: refused like other methods, in the words of problems.
    const plain = await fetch(`${server.url}/echo`, {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example' },
    })
    assert.deepEqual(
      [plain.status, plain.headers.get('content-type')],
      [405, 'application/problem+json; charset=utf-8'],
    )
    await using closed = await httpServer()
    const none = await fetch(`${closed.url}/healthz`, { headers: { origin: 'https://a.example' } })
    assert.equal(none.headers.get('access-control-allow-origin'), null)
  })

  it('to what cannot be done now is 503 with Retry-After, and to our own mistakes 500 without details', async () => {
    class Overloaded extends Error {
      override readonly name = 'Overloaded'
    }
    await using server = await httpServer({
      routes: app => {
        app.get('/away', async () => {
          throw new DatabaseUnavailable('host db.internal is away')
        })
        app.get('/full', async () => {
          throw new Overloaded('full')
        })
        app.get('/broken', async () => {
          throw new Error('password=hunter2 in /etc/secret')
        })
        app.get('/fault', async () => {
          throw new Fault('TEAPOT', 418, 'Short and stout.', { handle: 'here' })
        })
      },
    })
    for (const path of ['/away', '/full']) {
      const answer = await fetch(`${server.url}${path}`)
      assert.equal(answer.status, 503)
      assert.equal(answer.headers.get('retry-after'), '2')
      assert.ok(!(await answer.text()).includes('db.internal'))
    }
    const broken = await fetch(`${server.url}/broken`)
    assert.equal(broken.status, 500)
    const text = await broken.text()
    assert.ok(!text.includes('hunter2') && !text.includes('/etc/'), text)
    const teapot = await fetch(`${server.url}/fault`)
    assert.equal(teapot.headers.get('content-type'), 'application/problem+json; charset=utf-8')
    assert.deepEqual(await teapot.json(), {
      type: 'about:blank',
      title: "I'm a Teapot",
      status: 418,
      code: 'TEAPOT',
      detail: 'Short and stout.',
      handle: 'here',
    })
  })
})

describe('what an operator asks', () => {
  it('is answered: alive, ready, metrics', async () => {
    let isWell = false
    await using server = await httpServer({
      prepare: http => {
        http.ready('database', async () => {
          if (!isWell) throw new DatabaseUnavailable('secret host')
        })
        const { metrics } = http
        const things = { name: 'standdown_things_total', help: 'Things.', labels: ['kind'] } as const
        metrics.counter(things).add({ kind: 'a"b\n' }, 2)
        metrics.gauge({ name: 'standdown_waiting', help: 'Waiting.', labels: [] }, () => alone(7))
        metrics.gauge({ name: 'standdown_broken', help: 'Cannot be read.', labels: [] }, () =>
          Promise.reject(new Error('x')),
        )
      },
    })
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
    const sick = await fetch(`${server.url}/readyz`)
    assert.equal(sick.status, 503)
    assert.deepEqual(await sick.json(), { ready: false, checks: { database: 'DatabaseUnavailable' } })
    isWell = true
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    assert.match(metrics, /^standdown_things_total\{kind="a\\"b\\n"\} 2$/m)
    assert.match(metrics, /^standdown_waiting 7$/m)
    assert.doesNotMatch(metrics, /^standdown_broken/m)
    assert.match(
      metrics,
      /^standdown_http_request_seconds_count\{method="GET",route="\/readyz",status="503"\} 1$/m,
    )
    await using behind = await httpServer({ env: { TRUST_PROXY: 'loopback' } })
    assert.equal(
      (await fetch(`${behind.url}/metrics`)).status,
      404,
      'behind a proxy everybody comes from this machine',
    )
  })

  it('is not told to others by the address that a header names', async () => {
    const routes = (app: Parameters<NonNullable<Parameters<typeof httpServer>[0]>['routes'] & object>[0]) =>
      void app.get('/ip', async request => ({ ip: request.ip }))
    const headers = { 'x-forwarded-for': '203.0.113.9' }
    await using direct = await httpServer({ routes })
    assert.deepEqual(await (await fetch(`${direct.url}/ip`, { headers })).json(), { ip: '127.0.0.1' })
    await using proxied = await httpServer({ routes, env: { TRUST_PROXY: '127.0.0.1/32' } })
    assert.deepEqual(await (await fetch(`${proxied.url}/ip`, { headers })).json(), { ip: '203.0.113.9' })
  })
})
