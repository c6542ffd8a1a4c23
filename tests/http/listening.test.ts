import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { certificateFor } from '../../server/src/http/listen/certificate.ts'
import { portHolder } from '../../server/src/http/listen/port-holder.ts'
import { type HttpServer, httpServer } from './http-server.ts'

/** A process of its own that listens on a port. */
async function holder() {
  const script =
    "require('net').createServer().listen(0,'127.0.0.1',function(){console.log(this.address().port)})"
  const child = spawn(process.execPath, ['-e', script, 'the-holder'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    pid: child.pid!,
    port: Number(String(line).trim()),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** GET over TLS, trusting only `ca`. */
async function getTls(url: string, options: { ca?: string; servername?: string } = {}): Promise<string> {
  const request = httpsRequest(url, { ...options, agent: false })
  request.end()
  const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }]
  let text = ''
  for await (const chunk of response) text += chunk.toString()
  return `${response.statusCode} ${text}`
}

describe('a port that is in use', () => {
  it('is said to be, with the process that holds it and what to do', async () => {
    await using other = await holder()
    for (const [name, env] of [
      ['PORT', { PORT: String(other.port) }],
      ['TLS_PORT', { PORT: '0', TLS_PORT: String(other.port) }],
    ] as const) {
      await assert.rejects(httpServer({ env }), (error: Error) => {
        assert.equal(error.name, 'PortInUse')
        assert.match(
          error.message,
          new RegExp(`Port ${other.port} is in use. It is held by process ${other.pid} \\(.*the-holder\\)`),
        )
        assert.match(error.message, new RegExp(`kill ${other.pid}`))
        assert.match(error.message, new RegExp(`${name}=\\d+`))
        return true
      })
    }
    assert.equal(await portHolder(1), null)
  })
})

describe('HTTPS', () => {
  it('is served by the same routes, with a certificate that is made once and kept', async () => {
    const certificateOf = (server: HttpServer) => readFileSync(server.http.certificateFile()!, 'utf8')
    await using server = await httpServer({ env: { TLS_PORT: '0' } })
    const url = server.http.tlsUrl()!
    const ca = certificateOf(server)
    assert.equal(await getTls(`${url}/healthz`, { ca }), '200 ok\n')
    assert.equal(await getTls(`${url.replace('127.0.0.1', 'localhost')}/healthz`, { ca }), '200 ok\n')
    await assert.rejects(getTls(`${url}/healthz`), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    await assert.rejects(getTls(`${url}/healthz`, { ca, servername: 'www.wixapis.com' }), {
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
    const key = join(server.dataDir, 'tls', 'key.pem')
    assert.equal(statSync(key).mode & 0o777, 0o600)
    assert.equal(statSync(join(server.dataDir, 'tls')).mode & 0o777, 0o700)

    const now = () => new Date()
    const config = { tls: null, dataDir: server.dataDir, publicUrl: null, host: '127.0.0.1' }
    assert.equal((await certificateFor(config, now)).cert, ca, 'kept')
    const later = () => new Date(Date.now() + 800 * 86_400_000)
    assert.notEqual((await certificateFor(config, later)).cert, ca, 'renewed before it ends')
    const named = await certificateFor({ ...config, publicUrl: 'https://desk.example' }, now)
    assert.notEqual(named.cert, ca, 'made anew for another name')
  })

  it('works for a client that knows the certificate by NODE_EXTRA_CA_CERTS alone', async () => {
    await using server = await httpServer({ env: { TLS_PORT: '0' } })
    const script = `fetch('${server.http.tlsUrl()}/healthz').then(async r => console.log(r.status, await r.text()))`
    const child = spawn(process.execPath, ['-e', script], {
      env: { NODE_EXTRA_CA_CERTS: server.http.certificateFile()! },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    for await (const chunk of child.stdout) out += String(chunk)
    assert.equal(out.trim(), '200 ok')
  })

  it("says what is wrong with a certificate of the operator's own", async () => {
    await assert.rejects(
      httpServer({ env: { TLS_PORT: '0', TLS_CERT: '/nowhere/c.pem', TLS_KEY: '/nowhere/k.pem' } }),
      /TLS_CERT=.*cannot be read/,
    )
  })

  it('is not there when it is switched off', async () => {
    await using server = await httpServer()
    assert.equal(server.http.tlsUrl(), null)
    assert.ok(!existsSync(join(server.dataDir, 'tls')))
  })
})

describe('closing', () => {
  it('lets a request under way end, and may be asked for twice, or before listening', async () => {
    const began = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const server = await httpServer({
      routes: app =>
        void app.get('/slow', async () => {
          began.resolve()
          await go.promise
          return { done: true }
        }),
    })
    const answer = fetch(`${server.url}/slow`)
    await began.promise
    const closed = server.http.close()
    assert.equal(server.http.close(), closed)
    go.resolve()
    assert.deepEqual(await (await answer).json(), { done: true })
    await closed
    await assert.rejects(fetch(`${server.url}/healthz`))
    rmSync(server.dataDir, { recursive: true, force: true })
  })

  it('ends connections that will not end by themselves', async () => {
    const server = await httpServer({ routes: app => void app.get('/never', () => new Promise(() => {})) })
    const answer = fetch(`${server.url}/never`)
    answer.catch(() => {})
    await once(server.http.app.server, 'request')
    await server.http.close(1)
    await assert.rejects(answer)
    rmSync(server.dataDir, { recursive: true, force: true })
  })
})
