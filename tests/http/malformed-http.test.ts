// What is no HTTP is refused by a problem, on a fresh connection and on one that has served before, on HTTP and HTTPS alike.

import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { refuseMalformedHttp } from '../../server/src/http/listen/malformed-http.ts'
import { type HttpServer, httpServer, raw } from './http-server.ts'

const WRONG: readonly (readonly [name: string, bytes: string, status: number, code: string])[] = [
  ['a method that nobody has', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'BAD_REQUEST'],
  ['a method in small letters', 'get / HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'BAD_REQUEST'],
  ['a blank in the address', 'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'BAD_REQUEST'],
  ['a NUL in a header', 'GET / HTTP/1.1\r\nX: a\0b\r\n\r\n', 400, 'BAD_REQUEST'],
  ['a negative length', 'POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n', 400, 'BAD_REQUEST'],
  ['large headers', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
  ['no request at all', 'hello\r\n\r\n', 400, 'BAD_REQUEST'],
]
const GOOD = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'

let server: HttpServer
before(async () => {
  server = await httpServer({ env: { TLS_PORT: '0' } })
})
after(() => server?.[Symbol.asyncDispose]())

function isProblem(text: string, status: number, code: string, what: string): void {
  const answer = text.slice(text.lastIndexOf('HTTP/1.1 '))
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `), what)
  assert.match(head, /content-type: application\/problem\+json/i, what)
  assert.match(head, /connection: close/i, what)
  const problem = JSON.parse(body)
  assert.deepEqual([problem.status, problem.code], [status, code], what)
}

test('on a connection of its own, and behind a request that was served', async () => {
  for (const [name, bytes, status, code] of WRONG) {
    isProblem(await raw(server.port, bytes), status, code, name)
    const both = await raw(server.port, GOOD + bytes)
    assert.match(both, /^HTTP\/1\.1 200 /, name)
    isProblem(both, status, code, `${name}, behind another`)
  }
})

test('over TLS', async () => {
  const port = Number(new URL(server.http.tlsUrl() ?? '').port)
  for (const [name, bytes, status, code] of WRONG) {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    socket.setEncoding('utf8')
    socket.write(bytes)
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    isProblem(text, status, code, name)
  }
})

test('behind several requests at once: each has its answer first', async () => {
  const text = await raw(server.port, `${GOOD}${GOOD}${GOOD}hello\r\n\r\n`)
  assert.deepEqual(
    [...text.matchAll(/^HTTP\/1\.1 (\d+) /gm)].map(([, status]) => status),
    ['200', '200', '200', '400'],
  )
})

test('of what goes on behind a request under way nothing is kept', () => {
  const underWay = Object.assign(new EventEmitter(), { headersSent: false, req: { complete: true } })
  const sent: unknown[] = []
  const socket = { writable: true, _httpMessage: underWay, end: (text: string) => void sent.push(text) }
  const refuse = () =>
    refuseMalformedHttp(
      Object.assign(new Error('x'), { code: 'HPE_INVALID_METHOD' }),
      socket as unknown as Socket,
    )
  for (let chunk = 0; chunk < 100; chunk++) refuse()
  assert.equal(underWay.listenerCount('finish'), 1)
  Object.assign(socket, { _httpMessage: null })
  underWay.emit('finish')
  refuse()
  assert.equal(sent.length, 1)
})
