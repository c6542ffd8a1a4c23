// Connections have a budget: who holds many of them and says nothing keeps nobody out.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { connectionsFor } from '../../server/src/http/listen/connections.ts'
import { LongResponses } from '../../server/src/http/long-responses.ts'
import { httpServer } from './http-server.ts'

const NEVER = 3_600_000
const POST = 'POST /echo HTTP/1.1\r\nContent-Type: application/json\r\n'

describe('connections', () => {
  it('at the limit: the one that is idle for longest is closed, and the new one is answered', async () => {
    await using server = await httpServer({ connections: { maxConnections: 5, firstRequestMs: NEVER } })
    const idle: Socket[] = []
    for (let i = 0; i < 5; i++) idle.push(await opened(server.port))
    const closed = closeOf(idle[0]!)
    const last = await opened(server.port)
    assert.match(await ask(last, 'GET /healthz HTTP/1.1\r\n\r\n'), /^HTTP\/1.1 200/)
    await closed
    assert.deepEqual(
      idle.map(socket => socket.destroyed),
      [true, false, false, false, false],
    )
    // What has just been asked something is idle for the shortest time.
    const second = closeOf(idle[1]!)
    await ask(await opened(server.port), 'GET /healthz HTTP/1.1\r\n\r\n')
    await second
    assert.equal(last.destroyed, false)
    for (const socket of [...idle, last]) socket.destroy()
  })

  it('two thousand that say nothing, one after the other: the server answers between and after them', async () => {
    await using server = await httpServer({ connections: { maxConnections: 50, firstRequestMs: NEVER } })
    const sockets: Socket[] = []
    for (let i = 0; i < 2000; i++) {
      sockets.push(await opened(server.port))
      if (i % 500 === 0) assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
    }
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
    for (const socket of sockets) socket.destroy()
  })

  it('more that say nothing than are closed in one round: all are closed, and who has asked something stays', async () => {
    await using server = await httpServer({ connections: { maxConnections: 500, firstRequestMs: 30 } })
    const asking = await opened(server.port)
    await ask(asking, 'GET /healthz HTTP/1.1\r\n\r\n')
    const silent = await Promise.all(Array.from({ length: 250 }, () => opened(server.port)))
    await Promise.all(silent.map(socket => socket.destroyed || closeOf(socket)))
    assert.match(await ask(asking, 'GET /healthz HTTP/1.1\r\n\r\n'), /^HTTP\/1.1 200/)
    asking.destroy()
  })

  it('where none is idle, the one whose request comes in slowly is closed; one that is being answered never is', async () => {
    const { server, answering, goOn } = await slowServer(2)
    await using _ = server
    const answered = await opened(server.port)
    const answer = ask(answered, 'GET /slow HTTP/1.1\r\n\r\n')
    await answering.promise
    const slow = await opened(server.port)
    slow.write('POST /echo HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{')
    const closed = closeOf(slow)
    // Its headers must have come in, or it would be idle still; either way it is the one that goes.
    assert.match(await ask(await opened(server.port), 'GET /healthz HTTP/1.1\r\n\r\n'), /200/)
    await closed
    goOn.resolve()
    assert.match(await answer, /^HTTP\/1.1 200/)
    answered.destroy()
  })

  it('all of them being answered: a new one is closed', async () => {
    const { server, answering, goOn } = await slowServer(1)
    await using _ = server
    const first = await opened(server.port)
    const answer = ask(first, 'GET /slow HTTP/1.1\r\n\r\n')
    await answering.promise
    const second = connect(server.port, '127.0.0.1')
    second.on('error', () => {})
    await closeOf(second)
    goOn.resolve()
    await answer
    first.destroy()
  })

  it('on which nothing is asked for a while is closed, and one on which something was asked is kept', async () => {
    await using server = await httpServer({ connections: { maxConnections: 10, firstRequestMs: 300 } })
    const used = await opened(server.port)
    await ask(used, 'GET /healthz HTTP/1.1\r\n\r\n')
    const silent = await opened(server.port)
    await closeOf(silent)
    assert.match(await ask(used, 'GET /healthz HTTP/1.1\r\n\r\n'), /200/)
    used.destroy()
  })

  it('of HTTPS are counted with those of HTTP', async () => {
    await using server = await httpServer({
      env: { TLS_PORT: '0' },
      connections: { maxConnections: 2, firstRequestMs: NEVER },
    })
    const tlsPort = Number(new URL(server.http.tlsUrl()!).port)
    const idle = [await opened(tlsPort), await opened(server.port)]
    const closed = closeOf(idle[0]!)
    assert.match(await ask(await opened(server.port), 'GET /healthz HTTP/1.1\r\n\r\n'), /200/)
    await closed
    for (const socket of idle) socket.destroy()
  })

  it('leave files for the database and for receivers', () => {
    assert.equal(connectionsFor(1024), 512)
    assert.equal(connectionsFor(256), 64)
    assert.equal(connectionsFor(1_048_576), 10_000)
    assert.equal(connectionsFor('unlimited'), 10_000)
  })
})

describe('a request', () => {
  for (const what of ['HTTP', 'HTTPS']) {
    it(`over ${what} whose body trickles in ends with 408 when its time is over, and others are answered meanwhile`, async () => {
      await using server = await httpServer({
        env: { TLS_PORT: '0' },
        connections: { maxConnections: 10, firstRequestMs: NEVER },
        requestTimeoutMs: 1000,
      })
      const slow =
        what === 'HTTP'
          ? await opened(server.port)
          : await openedTls(Number(new URL(server.http.tlsUrl()!).port))
      const text = textOf(slow)
      slow.write(`${POST}Content-Length: 1000000\r\n\r\n{`)
      let others = 0
      for (; text.soFar() === ''; others++) {
        slow.write(' ')
        assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
      }
      const [head = '', body = ''] = (await text.whole).split('\r\n\r\n')
      assert.match(head, /^HTTP\/1\.1 408 /)
      assert.equal(JSON.parse(body).code, 'TOO_SLOW')
      assert.ok(others > 1)
    })
  }

  it('whose body comes in pieces, but in time, is answered, and so is the next one on its connection', async () => {
    await using server = await httpServer({ requestTimeoutMs: 20_000 })
    const socket = await opened(server.port)
    for (let i = 0; i < 2; i++) {
      socket.write(`${POST}Content-Length: 7\r\n\r\n{`)
      for (const piece of ['"a"', ':1', '}']) {
        await (await fetch(`${server.url}/healthz`)).text()
        if (piece !== '}') socket.write(piece)
        else assert.match(await ask(socket, piece), /^HTTP\/1\.1 200 [\s\S]*\{"got":\{"a":1\}\}$/)
      }
    }
    socket.destroy()
  })

  for (const [part, begin, rest] of [
    ['body', `${POST}Content-Length: 2\r\n\r\n{`, '}'],
    ['headers', POST, 'Content-Length: 2\r\n\r\n{}'],
  ] as const) {
    it(`that was refused for the time of its ${part} has no effect when the rest of it comes after all`, async () => {
      const told = Promise.withResolvers<string>()
      await using server = await httpServer({
        connections: { maxConnections: 10, firstRequestMs: NEVER },
        requestTimeoutMs: 500,
        routes: app => void app.post('/told', async () => told.resolve('it was told')),
      })
      const accepted = once(server.http.app.server, 'connection') as Promise<[Socket]>
      // It does not end its own side when the server does.
      const slow = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
      slow.on('error', () => {})
      const answer = ask(slow, begin.replace('/echo', '/told'))
      const [atServer] = await accepted
      const closed = closeOf(atServer)
      assert.match(await answer, /^HTTP\/1\.1 408 /)
      slow.write(rest)
      assert.equal(await Promise.race([told.promise, closed]), undefined)
      slow.destroy()
    })
  }
})

describe('answers that take long', () => {
  it('are counted by caller and in all, and a place is free again when one has ended', () => {
    const answers = new LongResponses({ each: 2, all: 3 })
    const [a, b] = [answers.begin('alice'), answers.begin('alice')]
    assert.ok(a && b)
    assert.equal(answers.begin('alice'), null)
    const c = answers.begin('bob')
    assert.ok(c)
    assert.equal(answers.begin('carol'), null)
    a()
    assert.ok(answers.begin('carol'))
    assert.equal(answers.begin('alice'), null)
  })
})

/** A server whose /slow begins to answer, and does not go on before it is told to. */
async function slowServer(most: number) {
  const answering = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const server = await httpServer({
    connections: { maxConnections: most, firstRequestMs: NEVER },
    routes: app =>
      void app.get('/slow', async () => {
        answering.resolve()
        await goOn.promise
        return { done: true }
      }),
  })
  return { server, answering, goOn }
}

/** With or without an error. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise(resolve => void socket.once('close', () => resolve()))
}

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

async function openedTls(port: number): Promise<Socket> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  return socket
}

/** What comes until the connection is closed. */
function textOf(socket: Socket) {
  let text = ''
  socket.setEncoding('utf8').on('data', piece => {
    text += piece
  })
  return { soFar: () => text, whole: closeOf(socket).then(() => text) }
}

/** What comes first of the answer. */
async function ask(socket: Socket, request: string): Promise<string> {
  socket.write(request)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  return chunk.toString()
}
