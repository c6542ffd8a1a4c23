// An operator's key that many apps have: how many one request reaches, and what it says of the rest.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CancelledListView, CancelledView } from '@standdown/wire/src/cancellation.ts'
import { keyOfOwner } from '../../../server/src/apis/native/access.ts'
import { MAX_MATCHES } from '../../../server/src/apis/native/cancellations/cancel-names.ts'
import { MAX_NAMES } from '../../../server/src/apis/native/name-finder.ts'
import { type NativeServer, nativeServer, TENANT } from '../native-server.ts'
import { announce, cancel, LATER, OLD, state } from './key-of-many-apps.ts'

test(`at most ${MAX_MATCHES} apps in one request, in a few statements; one more is refused and nothing is done`, async () => {
  await using server = await nativeServer()
  server.apps.length = 0
  const apps = Array.from({ length: MAX_MATCHES + 1 }, (_, i) => ({ id: `app-${i}`, name: `app ${i}` }))
  server.apps.push(...apps)
  await server.db.transaction('t', tx =>
    server.engine.announce(
      tx,
      apps.map(({ id, name }) => ({
        tenant: TENANT,
        kind: 'native.event',
        key: keyOfOwner(id, 'k'),
        entity: 'k',
        title: name,
        data: {},
        effects: [],
      })),
    ),
  )
  const refused = await cancel(server, 'olga', { key: 'k' })
  assert.deepEqual([refused.status, refused.json().code], [409, 'TOO_MANY_MATCHES'])
  const [row] = await server.db.query<{ live: number }>({
    text: 'select count(*)::int as live from engine.event where cancellation_id is null',
  })
  assert.equal(row?.live, MAX_MATCHES + 1)
  assert.equal((await cancel(server, 'olga', { key: 'k', app: 'app 0' })).status, 201)
  const before = await commits(server)
  const reply = await cancel(server, 'olga', { key: 'k' })
  assert.equal(reply.json().receipts.length, MAX_MATCHES)
  const made = (await commits(server)) - before
  assert.ok(made < 40, `${made} transactions for ${MAX_MATCHES} apps`)

  // All of it is over, for somebody who asks for the first time, and too much: it is said, and nothing is written.
  const over = await cancel(server, 'alice', { key: 'k' }, 'r')
  assert.deepEqual([over.status, over.json()], [200, { receipts: [], is: 'over', replayed: false }])
  assert.deepEqual((await cancel(server, 'alice', { key: 'k' }, 'r')).json(), {
    receipts: [],
    is: 'over',
    replayed: true,
  })
})

/** Transactions that cancellations were written in. */
async function commits(server: NativeServer): Promise<number> {
  const [row] = await server.db.query<{ commits: number }>({
    text: 'select count(distinct xmin::text)::int as commits from engine.cancellation',
  })
  return row?.commits ?? 0
}

test(`a tenant of more than ${MAX_NAMES} apps has to say which`, async () => {
  await using server = await nativeServer()
  const more = Array.from({ length: MAX_NAMES - 3 }, (_, i) => ({ id: `app-${i}`, name: `app ${i}` }))
  server.apps.push(...more)
  const id = await announce(server, 'shop', { key: 'k' })
  assert.deepEqual((await cancel(server, 'olga', { key: 'k' })).json().eventIds, [id], 'at the limit')
  server.apps.push({ id: 'one-more', name: 'one more' })
  const refused = await cancel(server, 'olga', { key: 'k' })
  assert.deepEqual([refused.status, refused.json().code], [400, 'TOO_MANY_NAMES'])
})

test('what has ended at other apps is called off as well; when all has ended it is over', async () => {
  await using server = await nativeServer()
  const now = { key: 'k', effects: [{ ...LATER, afterMs: 0 }] }
  const ended = await announce(server, 'rival', now)
  await server.mail.begun(1)
  await server.engine.advanceClock(TENANT, 1000)
  const open = await announce(server, 'shop', { key: 'k' })
  const both: CancelledListView = (await cancel(server, 'olga', { key: 'k' })).json()
  assert.deepEqual(
    both.receipts.map(each => [each.eventIds, each.is]),
    [
      [[open], 'cancelled'],
      [[ended], 'over'],
    ],
  )
  assert.equal(both.is, 'cancelled')
  assert.deepEqual([await state(server, ended), await state(server, open)], ['cancelled', 'cancelled'])
  const over: CancelledListView = (await cancel(server, 'alice', { key: 'k' })).json()
  assert.deepEqual([over.is, over.receipts.map(each => each.is)], ['over', ['over', 'over']])
  // Announced since, and ended: that is what is live, and it is over.
  const since = await announce(server, 'rival', now)
  await server.mail.begun(2)
  await server.engine.advanceClock(TENANT, 1000)
  const last: CancelledView = (await cancel(server, 'olga', { key: 'k' })).json()
  assert.deepEqual([last.eventIds, last.is], [[since], 'over'])
})

test('of more apps than one request reaches, those are called off whose events are open, a dead one in doubt included', async () => {
  await using server = await nativeServer()
  const apps = Array.from({ length: MAX_MATCHES }, (_, i) => ({ id: `app-${i}`, name: `app ${i}` }))
  server.apps.push(...apps)
  const effects = [{ kind: 'mail.send', title: 'M', due: { afterMs: 0 }, data: {} }]
  await server.db.transaction('t', tx =>
    server.engine.announce(
      tx,
      apps.map(({ id }) => ({ ...OLD, key: keyOfOwner(id, 'k'), effects })),
    ),
  )
  await server.mail.begun(MAX_MATCHES)
  server.webhook.answer = () => ({ is: 'failed', error: 'no', mayHaveHappened: true })
  const dead = await announce(server, 'shop', {
    key: 'k',
    effects: [{ kind: 'webhook', url: 'https://a.example/' }],
  })
  await server.webhook.begun(1)
  await server.engine.advanceClock(TENANT, 1000)
  const open = await announce(server, 'rival', { key: 'k' })
  const list: CancelledListView = (await cancel(server, 'olga', { key: 'k' })).json()
  assert.deepEqual(
    list.receipts.map(each => each.eventIds),
    [[dead], [open]],
  )
  const { effects: ran } = (await server.call('olga', 'GET', `/api/v1/events/${dead}`)).json()
  const retry = await server.call('olga', 'POST', `/api/v1/effects/${ran[0].id}/retry`)
  assert.equal(retry.status, 409)
})

test('a preview reaches as far, and says whose each page is', async () => {
  await using server = await nativeServer()
  const preview = (body: object) => server.call('olga', 'POST', '/api/v1/previews', { body })
  assert.deepEqual((await preview({ key: 'k' })).json(), { previews: [] })
  const ids = [await announce(server, 'shop', { key: 'k', effects: [LATER, LATER, LATER] })]
  const one = (await preview({ key: 'k' })).json()
  assert.deepEqual([one.eventIds, one.counts.prevented, one.of.app], [ids, 3, 'shop'])
  ids.push(await announce(server, 'rival', { key: 'k' }))
  const { previews } = (await preview({ key: 'k', limit: 4 })).json()
  assert.deepEqual(
    previews.map((page: typeof one) => [page.of.app, page.eventIds, page.counts.prevented]),
    [
      ['shop', [ids[0]], 2],
      ['rival', [ids[1]], 1],
    ],
  )
  assert.equal(previews[1].itemsAfter, null)
  const rest = (await preview({ key: 'k', after: previews[0].itemsAfter })).json()
  assert.deepEqual([rest.of.app, rest.counts.prevented, rest.itemsAfter], ['shop', 1, null])
  const nowhere = await preview({ key: 'k', after: `${ids[0]?.slice(0, -4)}0000_${ids[0]}` })
  assert.equal(nowhere.status, 400)
  assert.equal(await state(server, ids[0] as string), 'announced')
})
