// Commits of the three APIs: the domain's own rows and the engine's are one.

import assert from 'node:assert/strict'
import type { Reply } from '../support/server-process.ts'
import { until } from '../support/until.ts'
import type { World } from './crash-world.ts'
import { scenario } from './scenario.ts'

const ENTITY = '16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c'
const TRIGGER = { triggerKey: 'my_trigger', externalEntityId: ENTITY }

async function wix(world: World, method: string, body: object): Promise<Reply | null> {
  const token = await world.tokenOf({ app: 'demo-app' })
  return world.server.call('POST', `/automations/v1/events/${method}`, { token, body })
}

const MEETING = {
  subject: 'Review',
  start: { dateTime: '2031-05-06T10:00:00', timeZone: 'UTC' },
  end: { dateTime: '2031-05-06T11:00:00', timeZone: 'UTC' },
  attendees: [{ emailAddress: { address: 'bob@contoso.example', name: 'Bob' }, type: 'required' }],
}

const create = (world: World) => world.alice('POST', '/v1.0/users/alice@contoso.example/events', MEETING)

/** The mail has arrived, and its end is committed: a server that is killed between the two sends it again. */
async function mailSettled(world: World): Promise<void> {
  await world.smtp.arrived(1)
  await world.advance('1s')
}

async function created(world: World): Promise<{ id: string }> {
  const reply = await create(world)
  assert.equal(reply?.status, 201, reply?.text)
  await mailSettled(world)
  await copies(world, 1)
  return reply.json
}

const cancelMeeting = (world: World, { id }: { id: string }) =>
  world.alice('POST', `/v1.0/users/alice@contoso.example/events/${id}/cancel`, { Comment: 'Off' })

async function eventsOf(world: World, name: string): Promise<{ subject: string; isCancelled: boolean }[]> {
  const token = await world.tokenOf({ user: `${name}@contoso.example` })
  const { json } = await world.server.ask('GET', `/v1.0/users/${name}@contoso.example/events`, { token })
  return json.value
}

/** Bob's copies, once the wanted state is there; the server writes them behind the answer. */
async function copies(world: World, count: number, cancelled = false): Promise<string[]> {
  let found: Awaited<ReturnType<typeof eventsOf>> = []
  await until(async () => {
    found = await eventsOf(world, 'bob')
    return found.length >= count && found.every(event => event.isCancelled === cancelled)
  })
  return found.map(event => event.subject)
}

const OFFER = {
  channel: 'demo_softphone',
  templateName: 'msdyn_chat_incoming_unauthenticated',
  cancellationTokens: ['call-1'],
}
const OFFERS = '/api/v1/notifications/offers'
const BY_TOKEN = '?channel=demo_softphone&cancellationToken=call-1'

async function dana(world: World, method: string, path: string, body?: object): Promise<Reply | null> {
  const token = await world.tokenOf({ user: 'dana@contoso.example' })
  return world.server.call(method, path, { token, ...(body && { body }) })
}

type OfferSeen = { readonly id: string; readonly state: string }

/** Open offers of the call, once all are on the screen. */
async function displayed(world: World): Promise<OfferSeen[]> {
  let value: OfferSeen[] = []
  await until(async () => {
    value = (await dana(world, 'GET', `${OFFERS}${BY_TOKEN}`))?.json.value
    return value.every(offer => offer.state !== 'arriving')
  })
  return value
}

export const apiScenarios = [
  scenario({
    point: 'automations.report',
    about: 'a report is wholly there or wholly absent; what it begins goes on to its end',
    act: world => wix(world, 'report', TRIGGER),
    async check(world, { committed }) {
      if (committed) await world.smtp.arrived(1)
      await world.advance('4d')
      const both = [
        'bob@contoso.example Reminder: something happened',
        'bob@contoso.example Something happened',
      ]
      assert.deepEqual(world.mailed, committed ? both : [])
    },
  }),
  scenario({
    point: 'cancel-plain',
    about: 'a cancelled report sends no reminder, whichever side of the commit it died on',
    async prepare(world) {
      assert.equal((await wix(world, 'report', TRIGGER))?.status, 200)
      await mailSettled(world)
    },
    act: world => wix(world, 'cancel', TRIGGER),
    async check(world) {
      assert.equal((await wix(world, 'cancel', TRIGGER))?.status, 200)
      const found = await world.aliceOk(
        'GET',
        `/api/v1/receipts?triggerKey=my_trigger&externalEntityId=${ENTITY}`,
      )
      assert.equal(found.value.length, 1)
      await world.receipt(found.value[0].id)
      await world.advance('4d')
      assert.deepEqual(world.mailed, ['bob@contoso.example Something happened'])
    },
  }),
  scenario({
    point: 'calendar.create-meeting',
    about: 'a meeting, its copies and its invitations are one',
    act: create,
    async check(world, { committed }) {
      assert.equal((await eventsOf(world, 'alice')).length, committed ? 1 : 0)
      if (committed) {
        await world.smtp.arrived(1)
        assert.deepEqual(await copies(world, 1), ['Review'])
      }
      await world.advance('1h')
      assert.deepEqual(world.mailed, committed ? ['bob@contoso.example Review'] : [])
      assert.equal((await eventsOf(world, 'bob')).length, committed ? 1 : 0)
    },
  }),
  scenario({
    point: 'calendar.deliver',
    about: 'an attendee gets one copy',
    act: create,
    async check(world) {
      assert.deepEqual(await copies(world, 1), ['Review'])
      await world.advance('1h')
      assert.equal((await eventsOf(world, 'bob')).length, 1)
    },
  }),
  scenario({
    point: 'cancel',
    about: 'a cancelled meeting is told of once, and to everybody',
    prepare: created,
    act: cancelMeeting,
    async check(world, { committed, before }) {
      assert.equal((await eventsOf(world, 'alice')).length, committed ? 0 : 1)
      const again = await cancelMeeting(world, before)
      assert.ok(again && again.status < 500, again?.text)
      await world.smtp.arrived(2)
      assert.deepEqual(await copies(world, 1, true), ['Canceled: Review'])
      await world.advance('1h')
      assert.equal(world.mailed.length, new Set(world.messageIds()).size)
      assert.deepEqual(world.mailed, ['bob@contoso.example Canceled: Review', 'bob@contoso.example Review'])
    },
  }),
  scenario({
    point: 'calendar.deliver-cancel',
    about: "an attendee's copy is marked cancelled after all",
    prepare: created,
    act: cancelMeeting,
    async check(world) {
      assert.deepEqual(await copies(world, 1, true), ['Canceled: Review'])
    },
  }),
  scenario({
    point: 'notifications.notify',
    about: 'an offer is raised or not, and the same call again is that offer',
    act: world => dana(world, 'POST', OFFERS, OFFER),
    async check(world, { committed }) {
      assert.equal((await displayed(world)).length, committed ? 1 : 0)
      const again = await dana(world, 'POST', OFFERS, OFFER)
      assert.equal(again?.status, committed ? 200 : 201)
      assert.deepEqual(
        (await displayed(world)).map(offer => [offer.id, offer.state]),
        [[again.json.id, 'displayed']],
      )
    },
  }),
  scenario({
    point: 'notifications.place',
    about: 'an offer that was being put on the screen is put there',
    act: world => dana(world, 'POST', OFFERS, OFFER),
    async check(world) {
      assert.deepEqual(
        (await displayed(world)).map(offer => offer.state),
        ['displayed'],
      )
    },
  }),
  scenario<OfferSeen>({
    point: 'notifications.end',
    about: 'an answer counts or may be given again',
    async prepare(world) {
      assert.equal((await dana(world, 'POST', OFFERS, OFFER))?.status, 201)
      const [offer] = await displayed(world)
      assert.equal(offer?.state, 'displayed')
      return offer
    },
    act: (world, { id }) => dana(world, 'POST', `${OFFERS}/${id}/accept`),
    async check(world, { committed, before }) {
      const found = await dana(world, 'GET', `${OFFERS}/${before.id}`)
      assert.equal(found?.json.state, committed ? 'ended' : 'displayed')
      // The same answer again is the same answer.
      const again = await dana(world, 'POST', `${OFFERS}/${before.id}/accept`)
      assert.equal(again?.status, 200)
      const seen = await dana(world, 'GET', `${OFFERS}/${before.id}`)
      assert.deepEqual(seen?.json.result, { actionName: 'Accept', responseReason: 'Accept' })
    },
  }),
  scenario({
    point: 'workspace.apply',
    about: 'a workspace file is applied whole or not at all',
    settleIn: true,
    act: world =>
      world.server.call('POST', '/api/v1/workspace', {
        body: {
          workspace:
            'tenants: [{ id: tailspin, name: Tailspin, domains: [tailspin.example], users: [{ upn: tim@tailspin.example, name: Tim }] }]',
        },
      }),
    async check(world, { committed }) {
      const token = await world.server.call('POST', '/api/v1/tokens', {
        body: { tenant: 'tailspin', user: 'tim@tailspin.example' },
      })
      assert.equal(token?.status === 200, committed, token?.text)
    },
  }),
]
