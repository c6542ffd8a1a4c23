// Actions of kind `offer` and `meeting`: each makes an event below its own when it falls due, once, and not below what was
// called off.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { childCarriers } from '../../server/src/apis/native/effects/child-carriers.ts'
import type { StartedEffect } from '../../server/src/core/effects/effect.ts'
import { NATIVE_MEETING, NATIVE_OFFER } from '../../server/src/core/effects/effect-kinds.ts'
import { parentFault } from '../../server/src/core/faults.ts'
import { derivedId, makeId, shardOfId } from '../../server/src/core/ids.ts'
import { random } from '../support/engine.ts'
import { CHANNEL, DAY, joinedWorld, TEMPLATE, type World } from './joined-world.ts'

let world: World
before(async () => {
  world = await joinedWorld()
})
after(() => world?.[Symbol.asyncDispose]())

const OFFER = {
  kind: 'offer',
  agent: 'dana@contoso.example',
  channel: CHANNEL,
  template: TEMPLATE,
  parameters: { customerName: 'Erin' },
}
const MEETING = {
  kind: 'meeting',
  organizer: 'bob@contoso.example',
  subject: 'Follow-up',
  start: { dateTime: '2031-03-03T09:00', timeZone: 'W. Europe Standard Time' },
  end: { dateTime: '2031-03-03T10:00:00', timeZone: 'Europe/Berlin' },
  attendees: [{ address: 'carol@contoso.example', name: 'Carol' }],
  text: 'As agreed.',
  location: 'Room 1',
}

async function screen() {
  return (await world.call('dana', 'GET', '/api/v1/notifications/screen')).json
}

test('when they fall due, an offer is on the screen and a meeting in the calendars; one cancel takes all back', async () => {
  const later = { afterMs: DAY }
  const id = await world.native('app', {
    effects: [
      { ...OFFER, ...later },
      { ...MEETING, ...later },
    ],
  })
  assert.equal((await screen()).displayed, null)
  await world.server.advance(DAY)
  const { effects } = await world.event(id)
  assert.deepEqual(
    effects.map(effect => [effect.kind, effect.state]),
    [
      [NATIVE_OFFER, 'done'],
      [NATIVE_MEETING, 'done'],
    ],
  )
  const [offer, meeting] = effects.map(effect => effect.evidence as Record<string, string>)
  assert.equal((await screen()).displayed.id, offer!.eventId)
  const booked = await world.call('bob', 'GET', `/v1.0/me/events/${meeting!.graphId}`)
  assert.equal(booked.json.subject, 'Follow-up')
  assert.equal(booked.json.start.dateTime.slice(0, 16), '2031-03-03T08:00')
  assert.equal(booked.json.location.displayName, 'Room 1')
  const { value: invited } = (await world.call('carol', 'GET', '/v1.0/me/events')).json
  assert.ok(invited.some((each: { subject: string }) => each.subject === 'Follow-up'))

  const receipt = await world.cancel(id, 'app')
  assert.equal(receipt.state, 'final')
  assert.deepEqual(
    new Set(receipt.events.map(event => event.id)),
    new Set([id, offer!.eventId, meeting!.eventId]),
  )
  const outcomes = receipt.items.map(item => [item.kind, item.outcome]).sort()
  assert.deepEqual(outcomes, [
    ['calendar.deliver', 'already_ended'],
    ['mail.send', 'already_ended'],
    [NATIVE_MEETING, 'already_ended'],
    [NATIVE_OFFER, 'already_ended'],
    ['notifications.offer', 'stopped'],
  ])
  assert.equal((await screen()).displayed, null)
  await world.server.advance(0)
  const gone = await world.call('bob', 'GET', '/v1.0/me/events')
  assert.ok(gone.json.value.every((each: { subject: string }) => each.subject !== 'Follow-up'))
})

test('called off before they fall due, they are prevented, and nothing is made', async () => {
  const later = { afterMs: DAY }
  const id = await world.native('app', {
    effects: [
      { ...OFFER, ...later },
      { ...MEETING, ...later },
    ],
  })
  const receipt = await world.cancel(id, 'app')
  assert.deepEqual([receipt.counts.total, receipt.counts.prevented], [2, 2])
  await world.server.advance(2 * DAY)
  assert.equal((await screen()).displayed, null)
  assert.equal(receipt.events.length, 1)
})

test('a revise replaces them, and is checked as an announcement is', async () => {
  const id = await world.native('app', { effects: [{ ...OFFER, afterMs: DAY }] })
  const revise = async (effect: object) =>
    await world.call('app', 'POST', `/api/v1/events/${id}/revise`, { body: { effects: [effect] } })
  assert.equal((await revise({ ...OFFER, agent: 'bob@contoso.example' })).status, 400)
  assert.equal((await world.event(id)).effects[0]!.state, 'pending', 'what is refused replaces nothing')
  assert.equal((await revise({ ...MEETING, afterMs: DAY })).status, 200)
  const states = (await world.event(id)).effects.map(effect => [effect.kind, effect.state]).sort()
  assert.deepEqual(states, [
    [NATIVE_MEETING, 'pending'],
    [NATIVE_OFFER, 'superseded'],
  ])
  const receipt = await world.cancel(id, 'app')
  assert.equal(receipt.counts.prevented, 1)
})

test('a start that comes again makes nothing again', async () => {
  const id = await world.native('app', { effects: [OFFER, MEETING] })
  await world.server.advance(0)
  const { effects } = await world.event(id)
  const { engine } = world.server.server
  for (const effect of effects) {
    const child = derivedId(effect.id)
    assert.equal((effect.evidence as { eventId: string }).eventId, child)
    assert.equal(shardOfId(child), shardOfId(id))
    assert.equal(derivedId(child), effect.id)
  }
  // As a process would that died between the child's commit and its report: the carrier runs once more.
  const carriers = childCarriers(needsThatMakeNothing(engine))
  for (const [i, carrier] of carriers.entries()) {
    const effect = started({ id: effects[i]!.id, eventId: id, kind: carrier.kind })
    const verdict = await carrier.run(effect, new AbortController().signal)
    assert.deepEqual(verdict, { is: 'done', evidence: { eventId: derivedId(effect.id) } })
  }
  const receipt = await world.cancel(id, 'app')
  assert.equal(receipt.events.length, 3)
})

test('a cancel that came first: the action ends stopped, whatever was in between', async () => {
  const id = makeId(7, 1, random)
  const effect = started({ id: makeId(7, 1, random), eventId: id, kind: NATIVE_OFFER })
  const nothing = needsThatMakeNothing({ event: async () => null })
  const notifyAgent = async () => {
    throw parentFault.PARENT_CANCELLED({ id })
  }
  const [offers] = childCarriers({ ...nothing, notifications: { ...nothing.notifications, notifyAgent } })
  const verdict = await offers!.run(effect, new AbortController().signal)
  assert.equal(verdict.is, 'stopped')
  const aborted = AbortSignal.abort(new Error('called off'))
  assert.equal((await offers!.run(effect, aborted)).is, 'stopped')
})

test('due at the very moment of the cancel: what was made goes with it, and nothing is made behind it', async () => {
  const subject = `Race ${randomUUID()}`
  const race = async () => {
    const id = await world.native('app', { effects: [{ ...MEETING, subject }] })
    return { id, receipt: await world.cancel(id, 'app') }
  }
  const races = await Promise.all(Array.from({ length: 8 }, race))
  await world.server.advance(0)
  const { value } = (await world.call('bob', 'GET', '/v1.0/me/events?$top=100')).json
  assert.ok(value.every((each: { subject: string }) => each.subject !== subject))
  for (const { id, receipt } of races) {
    const [action] = (await world.event(id)).effects
    const child = await world.call('alice', 'GET', `/api/v1/events/${derivedId(action!.id)}`)
    const isMade = child.status === 200
    assert.equal(receipt.events.length, isMade ? 2 : 1, action!.state)
    assert.equal(['done', 'too_late'].includes(action!.state), isMade, action!.state)
  }
})

test('what the room refuses when it falls due is dead at once, and says why', async () => {
  const id = await world.native('alice', { effects: [{ ...OFFER, afterMs: DAY }] })
  const { workspace } = world.server.server
  const demo = await readFile(new URL('../../examples/workspace.yaml', import.meta.url), 'utf8')
  const without = demo.replace('uniqueName: msdyn_chat_incoming_unauthenticated', 'uniqueName: contoso_other')
  await workspace.apply(without, { apply: true, prune: true })
  try {
    await world.server.advance(DAY)
  } finally {
    await workspace.apply(demo, { apply: true, prune: true })
  }
  const [offer] = (await world.event(id)).effects
  assert.deepEqual([offer!.state, offer!.attempt], ['dead', 1])
  assert.match(offer!.error ?? '', /no notification template .*msdyn_chat_incoming_unauthenticated/)
  const retried = await world.call('alice', 'POST', `/api/v1/effects/${offer!.id}/retry`)
  assert.equal(retried.status, 202, JSON.stringify(retried.json))
  await world.server.advance(0)
  assert.equal((await world.event(id)).effects[0]!.state, 'done', 'by hand, once the template is there again')
  await world.cancel(id)
})

test('what can be known to fail is refused when it is announced, and names the place', async () => {
  const attendee = (address: string) => ({ attendees: [{ address }] })
  const bad: readonly (readonly [string, object, RegExp])[] = [
    ['no such agent', { ...OFFER, agent: 'nobody@contoso.example' }, /effects\/0\/agent/],
    ['no agent', { ...OFFER, agent: 'bob@contoso.example' }, /effects\/0\/agent/],
    ['no channel', { ...OFFER, channel: 'other' }, /effects\/0\/channel/],
    ['no template', { ...OFFER, template: 'contoso_other' }, /effects\/0\/template/],
    ['keep', { ...OFFER, link: 'keep' }, /unknown property link/],
    ['nested', { ...OFFER, parameters: { a: {} } }, /parameters\/a/],
    ['no organizer', { ...MEETING, organizer: 'nobody@contoso.example' }, /effects\/0\/organizer/],
    ['a group', { ...MEETING, organizer: '94000000-0000-4000-8000-000000000005' }, /effects\/0\/organizer/],
    [
      'no such day',
      { ...MEETING, start: { dateTime: '2031-02-29T09:00:00' } },
      /effects\/0\/start\/dateTime/,
    ],
    ['no such hour', { ...MEETING, end: { dateTime: '2031-03-03T25:00:00' } }, /effects\/0\/end\/dateTime/],
    ['offset', { ...MEETING, start: { dateTime: '2031-03-03T09:00:00Z' } }, /effects\/0\/start\/dateTime/],
    ['no zone', { ...MEETING, start: { dateTime: '2031-03-03T09:00', timeZone: 'Mars' } }, /start\/timeZone/],
    ['ends first', { ...MEETING, end: { dateTime: '2031-03-03T07:59:59' } }, /effects\/0\/end/],
    ['two lines', { ...MEETING, subject: 'a\r\nB: c' }, /effects\/0\/subject/],
    ['no address', { ...MEETING, ...attendee('carol') }, /attendees\/0\/address/],
    ['two addresses', { ...MEETING, ...attendee('a@x.example,b@x.example') }, /attendees\/0\/address/],
    ['a parameter', { ...MEETING, ...attendee('a@x.example;X=1') }, /attendees\/0\/address/],
    ['keep', { ...MEETING, link: 'keep' }, /unknown property link/],
  ]
  for (const [name, effect, place] of bad) {
    const { status, json } = await world.call('alice', 'POST', '/api/v1/events', {
      body: { title: 'x', effects: [effect] },
    })
    assert.deepEqual([status, json.code], [400, 'INVALID_REQUEST'], `${name}: ${JSON.stringify(json)}`)
    assert.match(json.detail, place, name)
    assert.ok(json.errors.length >= 1, name)
  }
})

test('each field has its limit', async () => {
  const text = (length: number) => 'x'.repeat(length)
  const parameters = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, 'x']))
  const people = (count: number) => Array.from({ length: count }, (_, i) => ({ address: `a${i}@x.example` }))
  // Of the longest parts that there may be: 64 characters before the @, 63 in a label.
  const mail = (length: number) => [
    { address: `${text(64)}@${text(63)}.${text(63)}.${text(length - 201)}.example` },
  ]
  const limits: readonly (readonly [string, (n: number) => object, number])[] = [
    ['parameters', n => ({ ...OFFER, parameters: parameters(n) }), 200],
    ['a parameter', n => ({ ...OFFER, parameters: { customerName: text(n) } }), 2000],
    ['a slug', n => ({ ...OFFER, parameters: { [text(n)]: 'x' } }), 100],
    ['title', n => ({ ...OFFER, title: text(n) }), 200],
    ['subject', n => ({ ...MEETING, subject: text(n) }), 255],
    ['location', n => ({ ...MEETING, location: text(n) }), 255],
    ['text', n => ({ ...MEETING, text: text(n) }), 2000],
    ['attendees', n => ({ ...MEETING, attendees: people(n) }), 50],
    ['address', n => ({ ...MEETING, attendees: mail(n) }), 254],
    ['name', n => ({ ...MEETING, attendees: [{ address: 'a@x.example', name: text(n) }] }), 255],
  ]
  for (const [name, effect, most] of limits) {
    for (const [n, wanted] of [
      [most, 201],
      [most + 1, 400],
    ] as const) {
      const { status, json } = await world.call('alice', 'POST', '/api/v1/events', {
        body: { title: 'x', key: 'limits', effects: [{ ...effect(n), afterMs: 10 * DAY }] },
      })
      assert.equal(status, wanted, `${name} of ${n}: ${JSON.stringify(json)}`)
    }
  }
  // These name what has to be there, so at the limit they are unknown, and beyond it no names.
  for (const [name, effect, most] of [
    ['agent', n => ({ ...OFFER, agent: text(n) }), 254],
    ['channel', n => ({ ...OFFER, channel: text(n) }), 64],
    ['template', n => ({ ...OFFER, template: text(n) }), 128],
    ['organizer', n => ({ ...MEETING, organizer: text(n) }), 254],
    ['timeZone', n => ({ ...MEETING, start: { ...MEETING.start, timeZone: text(n) } }), 100],
  ] as const satisfies readonly (readonly [string, (n: number) => object, number])[]) {
    const said = async (n: number) =>
      (await world.call('alice', 'POST', '/api/v1/events', { body: { title: 'x', effects: [effect(n)] } }))
        .json.detail
    assert.match(await said(most), /there is no|has no|There is no/, name)
    assert.match(await said(most + 1), /NOT have more than/, name)
  }
  await world.call('alice', 'POST', '/api/v1/cancellations', { body: { key: 'limits' } })
})

test('who announces needs the right to do it by hand', async () => {
  const { server } = world
  const announce = async (token: string, effect: object, headers = {}) => {
    const response = await fetch(`${server.url}/api/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ title: 'x', effects: [{ ...effect, afterMs: 10 * DAY }] }),
    })
    const { code, detail } = (await response.json()) as { code?: string; detail?: string }
    return [response.status, code, detail]
  }
  const plain = await server.appToken(['Events.ReadWrite'])
  assert.deepEqual((await announce(plain, OFFER)).slice(0, 2), [403, 'FORBIDDEN'])
  assert.deepEqual((await announce(plain, MEETING)).slice(0, 2), [403, 'FORBIDDEN'])
  // Whom there is, is nobody's business who may not.
  assert.deepEqual(
    await announce(plain, { ...MEETING, organizer: 'nobody@contoso.example' }),
    await announce(plain, MEETING),
  )
  const offers = await server.appToken(['Events.ReadWrite', 'Notifications.ReadWrite'])
  assert.equal((await announce(offers, OFFER))[0], 201)
  assert.equal((await announce(offers, MEETING))[0], 403)
  const calendars = await server.appToken(['Events.ReadWrite', 'Calendars.ReadWrite'])
  assert.equal((await announce(calendars, MEETING))[0], 201)
  assert.equal((await announce(calendars, OFFER))[0], 403)
  assert.equal((await announce(await server.personToken('bob'), MEETING))[0], 403)
})

test('the same request again is answered as before, also when it would be refused by now', async () => {
  const headers = { 'idempotency-key': randomUUID() }
  const parent = await world.native('app')
  const body = { title: 'x', parent: { id: parent }, effects: [{ ...OFFER, afterMs: 10 * DAY }] }
  const first = await world.call('app', 'POST', '/api/v1/events', { body, headers })
  assert.equal(first.status, 201)
  await world.cancel(parent)
  const again = await world.call('app', 'POST', '/api/v1/events', { body, headers })
  assert.deepEqual([again.status, again.json], [200, first.json])
})

function started(of: Pick<StartedEffect, 'id' | 'eventId' | 'kind'>): StartedEffect {
  const data = { agentId: 'x', channel: CHANNEL, template: TEMPLATE, parameters: {} }
  const at = { dueAt: new Date(0), attempt: 1, startId: randomUUID() }
  return { ...of, ...at, tenant: 'contoso', noticeOf: null, title: 'x', data }
}

function needsThatMakeNothing(engine: Parameters<typeof childCarriers>[0]['engine']) {
  const never = () => assert.fail('nothing is to be made')
  const person = { tenant: 'contoso', id: 'x', upn: 'x', mail: 'x', name: 'X', generation: 1 }
  const channel = {
    uniqueName: CHANNEL,
    label: 'x',
    address: 'x',
    trustedDomain: null,
    url: 'x',
    origin: 'x',
  }
  return {
    engine,
    directory: { user: async () => ({ ...person, roles: ['agent' as const] }) },
    notifications: {
      channelsOf: async () => [{ ...channel, allow: '', sandbox: '', agents: [] }],
      notifyAgent: never,
    },
    calendar: { createMeeting: never, defaultCalendar: never },
  }
}

test('an operator’s cancel by name calls off the meeting that stands below an event, whatever is open elsewhere', async () => {
  const key = randomUUID()
  const id = await world.native('app', { key, effects: [MEETING] })
  await world.server.advance(1000)
  const meeting = (await world.event(id)).children.value[0]?.id as string
  await world.server.advance(1000)
  const booked = await world.event(meeting)
  assert.ok(booked.effects.length > 0 && booked.effects.every(effect => effect.state === 'done'))
  const other = await world.native('alice', { key, effects: [{ kind: 'delay', afterMs: DAY }] })
  const preview = (await world.call('alice', 'POST', '/api/v1/previews', { body: { key } })).json
  assert.deepEqual(
    preview.previews.map((page: { eventIds: readonly string[] }) => page.eventIds[0]),
    [other, id],
  )
  const { json: list } = await world.call('alice', 'POST', '/api/v1/cancellations', { body: { key } })
  assert.deepEqual(
    list.receipts.map((each: { is: string }) => each.is),
    ['cancelled', 'cancelled'],
  )
  for (const each of [id, other, meeting]) assert.notEqual((await world.event(each)).receipt, null)
})
