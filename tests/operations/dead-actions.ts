// Actions that die when the test says so, and the calls that try them again or replace them.

import assert from 'node:assert/strict'
import type { NativeServer } from '../native/native-server.ts'
import { until } from '../support/until.ts'

export const URL_A = 'https://a.example/hook'

export type Effect = {
  id: string
  state: string
  replaces: string | null
  replacedBy: string | null
  error: string
}

export async function announce(server: NativeServer, effects: readonly object[], who = 'alice') {
  const reply = await server.call(who, 'POST', '/api/v1/events', { body: { title: 'Event', effects } })
  assert.equal(reply.status, 201, reply.text)
  return reply.json() as { id: string; effectIds: string[] }
}

export const webhook = (url: string) => ({ kind: 'webhook', url })

export const mail = (to: string) => ({ kind: 'mail', to: [to], subject: 's', text: 't' })

export async function effectsOf(server: NativeServer, eventId: string): Promise<readonly Effect[]> {
  return (await server.call('alice', 'GET', `/api/v1/events/${eventId}`)).json().effects
}

/** Announces, and resolves when all of it is dead of `error`. */
export async function dead(
  server: NativeServer,
  effects: readonly object[],
  error = 'no',
  mayHaveHappened = false,
) {
  server.mail.answer = () => ({ is: 'failed', error, mayHaveHappened })
  server.webhook.answer = () => ({ is: 'failed', error, mayHaveHappened })
  const event = await announce(server, effects)
  await until(async () => (await effectsOf(server, event.id)).every(effect => effect.state === 'dead'))
  return event
}

/** From here on what runs waits for the test. */
export function hold(server: NativeServer): void {
  server.mail.answer = null
  server.webhook.answer = null
}

export const some = async (server: NativeServer, body: object, who = 'olga') =>
  await server.call(who, 'POST', '/api/v1/effects/retry', { body })
