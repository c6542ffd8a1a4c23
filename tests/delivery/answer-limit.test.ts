// Of a receiver's answer so much is read, and no more, whatever it goes on sending.

import assert from 'node:assert/strict'
import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { MAX_ANSWER, MAX_INTERIM } from '../../server/src/delivery/webhook/post.ts'
import { httpReceiver } from '../support/http-receiver.ts'
import { calm, startedEffect } from './started-effect.ts'
import { errorOf, webhookCarriers } from './webhook-receiver.ts'

const callTo = (url: string) => startedEffect('webhook.call', { url, type: 'booking.reminded', payload: {} })

/** An answer of so many octets whose last one belongs to its JSON. */
const answerOf = (octets: number) => {
  const text = JSON.stringify({ outcome: 'stopped', more: '' })
  return text.replace('""', `"${'x'.repeat(octets - text.length)}"`)
}

for (const [octets, outcome] of [
  [MAX_ANSWER, 'stopped'],
  [MAX_ANSWER + 1, null],
] as const) {
  test(`an answer of ${octets} octets is ${outcome === null ? 'not read to its end' : 'read whole'}`, async () => {
    await using receiver = await httpReceiver()
    const body = answerOf(octets)
    assert.equal(Buffer.byteLength(body), octets)
    receiver.answer = () => ({ body })
    using carriers = webhookCarriers()
    const notice = carriers.call.withdraw!(callTo(receiver.url))!
    const verdict = await carriers.withdraw.run(startedEffect(notice.kind, notice.data), calm)
    assert.ok(verdict.is === 'done')
    assert.equal(verdict.evidence?.outcome, outcome)
  })
}

for (const [interim, is] of [
  [MAX_INTERIM, 'done'],
  [MAX_INTERIM + 1, 'retry'],
] as const) {
  test(`an answer behind ${interim} interim ones: ${is}`, async () => {
    await using receiver = await httpReceiver()
    receiver.answer = () => ({
      slowly: response => {
        response.socket!.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(interim))
        response.end('{}')
      },
    })
    using carriers = webhookCarriers()
    const verdict = await carriers.call.run(callTo(receiver.url), calm)
    assert.equal(verdict.is, is, errorOf(verdict))
    // Its receiver has it, whatever it answered.
    assert.equal('mayHaveHappened' in verdict, is === 'retry')
  })
}

const X = 'x'.repeat(16_384)
const PIECES = '1\r\nx\r\n'.repeat(4096)
const HINTS = `HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(100)}\r\n\r\n`.repeat(100)

/** `most`: with what is on its way between socket, parser and answer, and the frames around it. */
const ENDLESS = [
  { what: 'a body', is: 'done', most: 4 * MAX_ANSWER, write: response => response.write(X) },
  {
    what: 'a body in pieces of one octet',
    is: 'done',
    most: 10 * MAX_ANSWER,
    write(response, socket) {
      response.flushHeaders()
      return socket.write(PIECES)
    },
  },
  {
    what: 'interim answers',
    is: 'retry',
    most: 4 * MAX_ANSWER,
    write: (_response, socket) => socket.write(HINTS),
  },
] as const satisfies readonly Endless[]

type Endless = {
  readonly what: string
  readonly is: 'done' | 'retry'
  readonly most: number
  write(response: ServerResponse, socket: Socket): boolean
}

for (const { what, is, most, write } of ENDLESS) {
  test(`${what} without end: the call ends, ${is}, and little more than the limit is read`, async () => {
    await using receiver = await httpReceiver()
    let written = 0
    receiver.answer = () => ({
      slowly: response => {
        const socket = response.socket!
        const more = () => {
          while (!socket.destroyed && write(response, socket)) {}
          written = socket.bytesWritten
        }
        socket.on('drain', more)
        more()
      },
    })
    using carriers = webhookCarriers()
    const sockets: Socket[] = []
    const onSocket: ChannelListener = message => void sockets.push((message as { socket: Socket }).socket)
    subscribe('net.client.socket', onSocket)
    const verdict = await carriers.call.run(callTo(receiver.url), calm)
    unsubscribe('net.client.socket', onSocket)
    assert.equal(verdict.is, is, errorOf(verdict))
    await receiver.requests[0]!.gone
    assert.equal(sockets.length, 1)
    const read = sockets[0]!.bytesRead
    assert.ok(read <= most, `${read} octets`)
    assert.ok(written > most, `${written} octets`)
  })
}
