// Both documents' example requests over a bare TCP socket, byte for byte but for token and id (and the line end HTTP/1.1,
// which documentation leaves out): target in absolute form with the documentation's own host, no Host header, header names
// as printed, the draft's body with CRLF and Content-length 34.

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import test, { after, before } from 'node:test'
import { type TestServer, testServer } from '../support/server.ts'

let server: TestServer
let token: string
before(async () => {
  server = await testServer()
  token = await server.personToken('alice')
})
after(async () => await server[Symbol.asyncDispose]())

async function makeEvent(): Promise<string> {
  const response = await fetch(`${server.url}/v1.0/me/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      subject: 'All hands',
      start: { dateTime: '2026-12-01T09:00:00', timeZone: 'UTC' },
      end: { dateTime: '2026-12-01T10:00:00', timeZone: 'UTC' },
      attendees: [{ emailAddress: { address: 'bob@contoso.example', name: 'Bob' } }],
    }),
  })
  assert.equal(response.status, 201)
  return ((await response.json()) as { id: string }).id
}

/** Sends `bytes` and resolves with everything that came back until the server closed. */
async function exchange(bytes: string): Promise<string> {
  const { port, hostname } = new URL(server.url)
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let received = ''
  const socket = connect(Number(port), hostname, () => socket.write(bytes, 'latin1'))
  socket.setEncoding('latin1')
  socket.on('data', chunk => {
    received += chunk
  })
  socket.on('end', () => resolve(received))
  socket.on('error', reject)
  return await promise
}

const draft = (target: (id: string) => string) => (id: string) =>
  [
    `POST ${target(id)} HTTP/1.1`,
    `Authorization: Bearer ${token}`,
    'Connection: close',
    'Content-type: application/json',
    'Content-length: 34',
    '',
    '{',
    '  "Comment": "Comment value"',
    '}',
  ].join('\r\n')

const today = (target: (id: string) => string) => (id: string) => {
  const body = '{\n  "Comment": "Cancelling for this week due to all hands"\n}'
  return [
    `POST ${target(id)} HTTP/1.1`,
    `Authorization: Bearer ${token}`,
    'Connection: close',
    'Content-type: application/json',
    `Content-length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}

const requests: readonly (readonly [string, (id: string) => string, RegExp])[] = [
  [
    '3.10 the draft, as printed',
    draft(id => `https://graph.microsoft.com/docs\\api/me/events/${id}/cancel`),
    /^HTTP\/1\.1 204 No Content\r\n/,
  ],
  [
    '3.10 the draft, as a URL parser makes it',
    draft(id => `/docs/api/me/events/${id}/cancel`),
    /^HTTP\/1\.1 204 No Content\r\n/,
  ],
  [
    '3.10 the draft, escaped',
    draft(id => `/docs%5Capi/me/events/${id}/cancel`),
    /^HTTP\/1\.1 204 No Content\r\n/,
  ],
  [
    "4.20 today's documentation, as printed",
    today(id => `https://graph.microsoft.com/v1.0/me/events/${id}/cancel`),
    /^HTTP\/1\.1 202 Accepted\r\n/,
  ],
  [
    "4.20 today's documentation, in origin form",
    today(id => `/v1.0/me/events/${id}/cancel`),
    /^HTTP\/1\.1 202 Accepted\r\n/,
  ],
]

for (const [name, request, status] of requests) {
  test(name, async () => {
    const id = await makeEvent()
    const answer = await exchange(request(id))
    assert.match(answer, status)
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    assert.equal(body, '')
    assert.doesNotMatch(head, /^content-type:/im)
    const receipt = /^standdown-receipt: (\/api\/v1\/receipts\/[0-9a-f-]{36})$/im.exec(head)?.[1]
    assert.ok(receipt, head)
    const read = await fetch(`${server.url}${receipt}`, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    })
    assert.equal(read.status, 200)
    assert.match(
      await read.text(),
      name.startsWith('3') ? /Comment value/ : /Cancelling for this week due to all hands/,
    )
    const gone = await fetch(`${server.url}/v1.0/me/events/${id}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    assert.equal(gone.status, 404)
  })
}
