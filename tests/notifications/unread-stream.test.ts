// A page that does not read its stream is cut off when too much waits for it.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import type { OfferView, ScreenView } from '../../wire/src/agent-screen.ts'
import { Arrivals } from '../support/arrivals.ts'
import { type TestServer, testServer } from '../support/server.ts'

const MAX_UNSENT = 1_000_000
const EVENTS = '/api/v1/notifications/screen/events'

// The largest card that there is: every character of its fields is six in HTML.
const FIELD = JSON.stringify({ header: '"'.repeat(200), value: '"'.repeat(1028) })
const TEMPLATE = `    templates:
      - { uniqueName: contoso_large, title: Large, fields: [${Array(50).fill(FIELD).join(', ')}] }
`

test('a page that leaves more than a million octets unread is cut off, and its connection with it; another one of the same agent goes on', async () => {
  await using server = await testServer({ TLS_PORT: 'off' })
  const demo = readFileSync(new URL('../../examples/workspace.yaml', import.meta.url), 'utf8')
  const text = demo.replace('    templates:\n', TEMPLATE)
  await server.server.workspace.apply(text, { apply: true, demo: true })
  const headers = { authorization: `Bearer ${await server.personToken('dana')}` }

  const { unsent, cut, client, response, atServer } = await pageThatDoesNotRead(server, headers.authorization)
  const leave = new AbortController()
  const screens = screensOf(
    await fetch(`${server.url}${EVENTS}`, { headers, signal: leave.signal }),
    leave.signal,
  )
  // Far more than the system itself keeps of what one end has sent and the other has not read.
  let isCut = false
  void cut.then(() => {
    isCut = true
  })
  while (!isCut) {
    const before = unsent.all.length
    assert.ok(before < 200, 'it is never cut off')
    assert.equal(response.writableEnded, atServer.destroyed, 'its connection goes with its stream')
    const { id } = await raise(server, headers)
    const isThere = ({ openIds, ended }: ScreenView) =>
      openIds.includes(id) || ended.some(offer => offer.id === id)
    while (!isThere(await next(screens))) {}
    await Promise.race([unsent.arrived(before + 1), cut])
  }
  const last = unsent.all.at(-1)!
  assert.ok(last > MAX_UNSENT, `${last}`)
  assert.ok(unsent.all.slice(0, -1).every(octets => octets <= MAX_UNSENT))
  // With something waiting for it, but less than that, it was still served.
  assert.ok(unsent.all.slice(0, -1).some(octets => octets > MAX_UNSENT / 2))
  leave.abort()
  client.destroy()
})

/** `unsent`: what waits for it, after each thing that it was sent; `cut`: its connection is gone, at the server. */
async function pageThatDoesNotRead({ url, server }: TestServer, authorization: string) {
  const http = server.http.app.server
  const unsent = new Arrivals<number>()
  const accepted = once(http, 'connection') as Promise<[Socket]>
  const answering = Promise.withResolvers<ServerResponse>()
  http.prependOnceListener('request', (_: IncomingMessage, response: ServerResponse) => {
    answering.resolve(response)
    const write = response.write.bind(response) as (text: string) => boolean
    response.write = (text: string) => {
      const more = write(text)
      unsent.add(response.writableLength)
      return more
    }
  })
  const { host, port } = new URL(url)
  const client = connect(Number(port), '127.0.0.1')
  client.on('error', () => {})
  client.pause()
  client.write(`GET ${EVENTS} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\n\r\n`)
  const [atServer] = await accepted
  const cut = new Promise<void>(resolve => void atServer.once('close', () => resolve()))
  // How long to wait before it connects again, and the first screen.
  await unsent.arrived(2)
  return { unsent, cut, client, atServer, response: await answering.promise }
}

async function raise({ url }: TestServer, headers: Record<string, string>): Promise<OfferView> {
  const answer = await fetch(`${url}/api/v1/notifications/offers`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ channel: 'demo_softphone', templateName: 'contoso_large' }),
  })
  assert.equal(answer.status, 201)
  return (await answer.json()) as OfferView
}

async function* screensOf(response: Response, signal: AbortSignal): AsyncGenerator<ScreenView> {
  assert.equal(response.status, 200)
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream(), { signal })) {
    const parts = (text + chunk).split('\n\n')
    text = parts.pop() ?? ''
    for (const part of parts) {
      const data = /^data: (.*)$/m.exec(part)?.[1]
      if (data) yield JSON.parse(data)
    }
  }
}

async function next(screens: AsyncGenerator<ScreenView>): Promise<ScreenView> {
  const { value, done } = await screens.next()
  assert.ok(!done, 'the stream that is read has ended')
  return value
}
