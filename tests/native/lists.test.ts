// Lists over HTTP: what can be asked for, how it is answered, and what is refused.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type NativeServer, nativeServer } from './native-server.ts'

const DAY = 86_400_000

let server: NativeServer
before(async () => {
  server = await nativeServer()
})
after(() => server?.[Symbol.asyncDispose]())

const get = async (who: string, path: string) => {
  const reply = await server.call(who, 'GET', `/api/v1${path}`)
  return { status: reply.status, body: reply.json() }
}
const announce = async (who: string, body: object): Promise<{ id: string; effectIds: string[] }> =>
  (await server.call(who, 'POST', '/api/v1/events', { body })).json()
const later = {
  kind: 'mail',
  to: ['bob@mail.example'],
  subject: 'S',
  text: 'T',
  title: 'A reminder',
  afterMs: DAY,
}

test('an event shows its data, what is due next, and where it stands in its tree', async () => {
  const data = { order: 1017, lines: [{ what: 'a chair' }] }
  const root = await announce('shop', { key: 'order-1', title: 'Order', data, effects: [later] })
  const child = await announce('shop', { title: 'Invoice', parent: { id: root.id, link: 'keep' } })
  const { body } = await get('shop', `/events/${root.id}`)
  assert.deepEqual(body.data, data)
  assert.deepEqual(
    [body.state, body.key, body.entity, body.api, body.app],
    ['announced', 'order-1', 'order-1', 'native', 'shop-id'],
  )
  assert.deepEqual([body.next.title, body.next.state, body.next.error], ['A reminder', 'pending', null])
  assert.deepEqual(body.path, [])
  const relative = { kind: 'native.event', isCancelled: false }
  assert.deepEqual(body.children, {
    value: [{ ...relative, id: child.id, title: 'Invoice', link: 'keep' }],
    after: null,
  })
  const below = (await get('shop', `/events/${child.id}`)).body
  assert.deepEqual(below.path, [{ ...relative, id: root.id, title: 'Order', link: 'keep' }])
  assert.deepEqual([below.state, below.next, below.skipped, below.data], ['ended', null, [], {}])
})

test('the many of an event come page by page', async () => {
  const to = Array.from({ length: 50 }, (_, n) => `a${n}@mail.example`)
  const effects = Array.from({ length: 21 }, () => ({ ...later, to }))
  const { id, effectIds } = await announce('olga', { title: 'Many', effects })
  const children: string[] = []
  for (let n = 0; n < 51; n++) children.push((await announce('olga', { title: `c ${n}`, parent: { id } })).id)
  const first = (await get('olga', `/events/${id}`)).body
  const rest = (
    await get(
      'olga',
      `/events/${id}?effectsAfter=${first.effectsAfter}&childrenAfter=${first.children.after}`,
    )
  ).body
  const ids = (of: { id: string }[]) => of.map(one => one.id)
  assert.equal(first.effects.length, 1000)
  assert.deepEqual(ids([...first.effects, ...rest.effects]), effectIds.toSorted())
  assert.deepEqual(ids([...first.children.value, ...rest.children.value]), children.toSorted())
  assert.deepEqual([rest.effectsAfter, rest.children.after], [null, null])
  const listed: string[] = []
  for (let after = ''; ; ) {
    const { body } = await get(
      'olga',
      `/effects?eventId=${id}&state=pending&receiver=mail.example&limit=200${after}`,
    )
    listed.push(...ids(body.value))
    if (body.nextPage === null) break
    after = `&after=${body.nextPage}`
  }
  assert.deepEqual(listed, effectIds.toSorted())
})

test('lists are narrowed, paged and counted', async () => {
  const made: string[] = []
  for (let n = 0; n < 5; n++)
    made.push((await announce('rival', { title: `R ${n}`, key: 'r', data: { n } })).id)
  const page = (await get('olga', '/events?app=rival&limit=2&count=true')).body
  assert.deepEqual(
    page.value.map((e: { title: string }) => e.title),
    ['R 4', 'R 3'],
  )
  assert.deepEqual([page.count, page.stoppedAfter], [{ count: 5, isExact: true }, null])
  const next = (await get('olga', `/events?app=rival&limit=200&after=${page.nextPage}`)).body
  assert.deepEqual(
    [next.value.map((e: { id: string }) => e.id), next.nextPage],
    [made.slice(0, 3).reverse(), null],
  )
  assert.equal(
    (await get('olga', '/events?key=r')).body.value.length,
    5,
    'a key alone is what its event is about',
  )
  assert.equal((await get('olga', '/events?key=r&entity=other')).body.value.length, 0)
  assert.equal((await get('olga', '/events?key=r&api=wix')).body.value.length, 0)
  assert.equal((await get('olga', '/events?api=wix&kind=native.event')).body.value.length, 0)
  assert.deepEqual((await get('olga', '/events?api=graph&kind=native.event&count=true')).body.count, {
    count: 0,
    isExact: true,
  })
  assert.deepEqual(
    (await get('olga', '/events?q=R%203&app=rival-id')).body.value.map((e: { id: string }) => e.id),
    [made[3]],
  )
})

test('actions are listed by state and receiver, and the status tells what fails', async () => {
  server.webhook.answer = () => ({ is: 'retry', error: 'connection refused', afterMs: DAY })
  const { id, effectIds } = await announce('olga', {
    title: 'W',
    effects: [{ kind: 'webhook', url: 'https://hooks.example:8443/a' }],
  })
  await server.webhook.begun(1)
  await server.call('olga', 'POST', '/api/v1/sandbox/clock', { body: { advance: '1s' } })
  const [pending] = (
    await get('olga', '/effects?state=pending&receiver=Hooks.example:8443&kind=webhook.call')
  ).body.value
  assert.deepEqual(
    { ...pending, dueAt: '' },
    {
      id: effectIds[0],
      eventId: id,
      kind: 'webhook.call',
      title: 'Webhook to hooks.example:8443',
      state: 'pending',
      receiver: 'hooks.example:8443',
      dueAt: '',
      startedAt: null,
      at: null,
      attempt: 2,
      error: 'connection refused',
    },
  )
  const { actions } = (await get('olga', '/status')).body
  assert.deepEqual(
    actions.failing.map(({ kind, receiver, count, error }: { [name: string]: unknown }) => ({
      kind,
      receiver,
      count,
      error,
    })),
    [{ kind: 'webhook.call', receiver: 'hooks.example:8443', count: 1, error: 'connection refused' }],
  )
  assert.ok(actions.pending.count >= 1 && Date.parse(actions.oldestDue) > 0)
  for (const who of ['bob', 'shop', 'server-key'])
    assert.equal((await get(who, '/status')).body.actions, undefined, who)
  const listed = (await get('olga', `/events?q=${id.slice(0, 8)}`)).body
  assert.deepEqual(listed.value, [], 'an id is no text of it')
})

test('a list of dead actions answers as it did', async () => {
  server.webhook.answer = () => ({ is: 'failed', error: 'no such host' })
  const { id, effectIds } = await announce('olga', {
    title: 'D',
    effects: [{ kind: 'webhook', url: 'https://dead.example/' }],
  })
  await server.call('olga', 'POST', '/api/v1/sandbox/clock', { body: { advance: '1s' } })
  const [dead] = (await get('olga', '/effects?state=dead')).body.value
  const { at, ...rest } = dead
  assert.ok(Date.parse(at) > 0)
  assert.deepEqual(
    Object.fromEntries(
      ['id', 'eventId', 'kind', 'title', 'attempt', 'error'].map(name => [name, rest[name]]),
    ),
    {
      id: effectIds[0],
      eventId: id,
      kind: 'webhook.call',
      title: 'Webhook to dead.example',
      attempt: 1,
      error: 'no such host',
    },
  )
})

test('what cannot be asked for is refused, and says why', async () => {
  for (const [path, status] of [
    ['/events?limit=0', 400],
    ['/events?limit=201', 400],
    ['/events?limit=200', 200],
    ['/events?state=alive', 400],
    ['/events?api=soap', 400],
    ['/events?what=x', 400],
    [`/events?q=${'x'.repeat(201)}`, 400],
    [`/events?q=${'x'.repeat(200)}`, 200],
    ['/events?q=', 400],
    ['/events?after=nonsense', 400],
    ['/events?dueAfter=2031-02-29T09:00:00Z', 400],
    ['/events?dueAfter=tomorrow', 400],
    ['/events?dueAfter=0001-01-01T00:00:00Z', 400],
    ['/events?dueAfter=2031-02-28T09:00:00Z', 200],
    ['/events?q=%00', 400],
    ['/effects', 400],
    ['/effects?state=prevented', 400],
    ['/effects?state=dead&limit=1000', 400],
    ['/effects?eventId=x', 400],
    ['/effects?eventId=019aa3f0-11c2-8a41-b2d0-5d1f9c3e7a42', 404],
    ['/events/019aa3f0-11c2-8a41-b2d0-5d1f9c3e7a42?effectsAfter=x', 400],
  ] as const) {
    const { status: got, body } = await get('olga', path)
    assert.equal(got, status, `${path}: ${JSON.stringify(body)}`)
    if (status !== 200) assert.ok(body.code && body.detail, path)
  }
})

test('an app sees what it announced, and nobody else does but those who run things', async () => {
  const { id, effectIds } = await announce('shop', { title: 'Mine', effects: [later] })
  for (const who of ['shop', 'olga', 'alice']) {
    assert.equal((await get(who, `/events/${id}`)).status, 200, who)
    assert.ok(
      (await get(who, '/events')).body.value.some((e: { id: string }) => e.id === id),
      who,
    )
    assert.equal((await get(who, `/effects?eventId=${id}`)).body.value[0].id, effectIds[0], who)
  }
  for (const who of ['rival', 'bob', 'mallory']) {
    assert.equal((await get(who, `/events/${id}`)).status, 404, who)
    assert.equal((await get(who, `/effects?eventId=${id}`)).status, 404, who)
    const { body } = await get(who, `/events?key=${id}&count=true`)
    assert.deepEqual([body.value, body.count], [[], { count: 0, isExact: true }], who)
    assert.ok(!(await get(who, '/events')).body.value.some((e: { id: string }) => e.id === id), who)
  }
  assert.deepEqual((await get('rival', '/events?app=shop')).body.value, [])
  assert.equal((await get('alice-for-calendars', '/events')).status, 403)
  assert.equal((await get('shop', '/effects?state=pending')).status, 403)
  // What an operator hung below an app's event is not the app's to see.
  const below = await announce('olga', { title: 'Theirs', parent: { id } })
  assert.deepEqual((await get('shop', `/events/${id}`)).body.children.value, [])
  assert.equal((await get('olga', `/events/${id}`)).body.children.value[0].id, below.id)
  assert.equal((await get('shop', `/events/${below.id}`)).status, 404)
})
