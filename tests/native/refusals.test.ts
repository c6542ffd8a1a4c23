import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nativeFaultCatalogue } from '../../server/src/apis/native/faults.ts'
import { parentFault } from '../../server/src/core/faults.ts'
import { filesBelow } from '../architecture/source-files.ts'
import { nativeServer } from './native-server.ts'

const MAIL = { kind: 'mail', to: ['bob@contoso.example'], subject: 's', text: 't' }

test('what cannot be kept or understood is a 4xx problem, and nothing is half done', async () => {
  await using server = await nativeServer()
  const event = (body: unknown) => ({ body: { key: 'k', title: 'K', ...(body as object) } })
  const cases: readonly (readonly [string, { body?: unknown; raw?: string }, number, string])[] = [
    ['malformed', { raw: '{"title": "K"' }, 400, 'MALFORMED_JSON'],
    ['wrong type', { body: { title: 7 } }, 400, 'INVALID_REQUEST'],
    ['no title', { body: { key: 'k' } }, 400, 'INVALID_REQUEST'],
    ['empty body', { raw: '' }, 400, 'INVALID_REQUEST'],
    ['a list', { body: [] }, 400, 'INVALID_REQUEST'],
    ['unknown property', event({ efects: [] }), 400, 'INVALID_REQUEST'],
    ['NUL', { raw: '{"title":"a\\u0000b"}' }, 400, 'UNSTORABLE_TEXT'],
    ['lone surrogate', { raw: '{"title":"a\\ud800b"}' }, 400, 'UNSTORABLE_TEXT'],
    [
      '10,000 deep',
      { raw: `{"title":"K","data":${'['.repeat(10_000)}${']'.repeat(10_000)}}` },
      400,
      'TOO_DEEP',
    ],
    ['long key', event({ key: 'k'.repeat(201) }), 400, 'INVALID_REQUEST'],
    ['2 MB', event({ data: { a: 'x'.repeat(2_000_000) } }), 413, 'BODY_TOO_LARGE'],
    [
      'a text for fifty, a hundred times',
      event({
        effects: Array(100).fill({
          ...MAIL,
          to: Array.from({ length: 50 }, (_, n) => `to${n}@contoso.example`),
          text: 'x'.repeat(1500),
        }),
      }),
      413,
      'TOO_MUCH_TO_KEEP',
    ],
    ['101 effects', event({ effects: Array(101).fill(MAIL) }), 400, 'INVALID_REQUEST'],
    ['unknown effect', event({ effects: [{ kind: 'fax' }] }), 400, 'INVALID_REQUEST'],
    [
      'both times',
      event({ effects: [{ ...MAIL, at: '2030-01-01T00:00:00Z', afterMs: 1 }] }),
      400,
      'INVALID_REQUEST',
    ],
    ['no instant', event({ effects: [{ ...MAIL, at: 'tomorrow' }] }), 400, 'INVALID_REQUEST'],
    [
      'header injection',
      event({ effects: [{ ...MAIL, subject: 'a\r\nBcc: eve@x.example' }] }),
      400,
      'INVALID_REQUEST',
    ],
    [
      'two addresses in one',
      event({ effects: [{ ...MAIL, to: ['a@x.example, b@x.example'] }] }),
      400,
      'INVALID_REQUEST',
    ],
    ['no URL', event({ effects: [{ kind: 'webhook', url: 'http://' }] }), 400, 'INVALID_REQUEST'],
    [
      'file URL',
      event({ effects: [{ kind: 'webhook', url: 'file:///etc/passwd' }] }),
      400,
      'INVALID_REQUEST',
    ],
    ['parent is no id', event({ parent: { id: 'x' } }), 400, 'INVALID_REQUEST'],
  ]
  for (const [name, options, status, code] of cases) {
    const reply = await server.call('alice', 'POST', '/api/v1/events', options)
    assert.equal(reply.status, status, `${name}: ${reply.text}`)
    assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/, name)
    assert.equal(reply.json().code, code, `${name}: ${reply.text}`)
  }
  const form = await server.call('alice', 'POST', '/api/v1/events', {
    raw: 'title=K',
    headers: { 'content-type': 'text/plain' },
  })
  assert.equal(form.status, 415)
  const preview = (await server.call('alice', 'POST', '/api/v1/previews', { body: { key: 'k' } })).json()
  assert.deepEqual(preview, { previews: [] }, 'nothing was announced')
})

test('a complaint names the place and says what is wrong', async () => {
  await using server = await nativeServer()
  const problem = async (body: unknown) =>
    (await server.call('alice', 'POST', '/api/v1/events', { body })).json()
  assert.match((await problem({ title: 'K', efects: [] })).detail, /unknown property efects/)
  assert.match(
    (await problem({ title: 'K', early: 'maybe' })).detail,
    /\/early: must be one of absorb, reject, ignore/,
  )
  assert.match(
    (await problem({ title: 'K', effects: [{ kind: 'mail', subject: 's', text: 't' }] })).detail,
    /effects\/0.*'to'/,
  )
})

test('ids that are none, and ids of nothing', async () => {
  await using server = await nativeServer()
  const id = '019aa3f0-11c2-8a41-b2d0-5d1f9c3e7a42'
  for (const path of [`events/${id}`, `receipts/${id}`, 'mail/none']) {
    assert.equal((await server.call('alice', 'GET', `/api/v1/${path}`)).status, 404, path)
  }
  assert.equal((await server.call('alice', 'GET', '/api/v1/events/none')).status, 400)
  assert.equal((await server.call('alice', 'GET', '/api/v1/receipts?wait=1')).status, 400)
  assert.equal((await server.call('alice', 'GET', '/api/v1/nowhere')).json().code, 'NOT_FOUND')
  assert.equal((await server.call('alice', 'POST', `/api/v1/effects/${id}/retry`)).json().code, 'NOT_FOUND')
  assert.equal((await server.call('bob', 'GET', '/api/v1/receipts')).json().code, 'SEARCH_NEEDED')
})

test('a place in a list that is none is refused, wherever there is a list', async () => {
  await using server = await nativeServer()
  const { id } = (await server.call('alice', 'POST', '/api/v1/events', { body: { title: 'K' } })).json()
  const { receipt } = (await server.call('alice', 'POST', `/api/v1/events/${id}/cancel`)).json()
  const cursor = (text: string) => Buffer.from(text).toString('base64url')
  const none = [
    'x',
    `urn:uuid:${id}`,
    `${id}_`,
    `{${id}}`,
    cursor('x'),
    cursor(`${id} 9999-99-99T99:99:99.000000Z`),
  ]
  const paths = [
    `${receipt}?after=`,
    '/api/v1/events?after=',
    '/api/v1/effects?state=dead&after=',
    '/api/v1/effects?state=pending&after=',
    `/api/v1/effects?eventId=${id}&after=`,
    `/api/v1/events/${id}?effectsAfter=`,
    `/api/v1/events/${id}?childrenAfter=`,
    '/api/v1/hold?after=',
  ]
  for (const path of paths)
    for (const place of none) {
      const said = await server.call('alice', 'GET', `${path}${encodeURIComponent(place)}`)
      assert.equal(said.status, 400, `${path}${place}: ${said.text}`)
    }
  for (const after of none)
    for (const [path, body] of [
      ['previews', { eventId: id, after }],
      ['effects/retry', { after }],
      ['hold/release', { kind: 'mail.send', after }],
    ] as const)
      assert.equal((await server.call('alice', 'POST', `/api/v1/${path}`, { body })).status, 400, path)
  assert.equal((await server.call('alice', 'GET', `${receipt}?after=${id}`)).status, 200)
  assert.equal((await server.call('alice', 'GET', `/api/v1/receipts/urn:uuid:${id}`)).status, 400)
})

test('docs/native-api.md lists every error of the native API, and no other', () => {
  const docs = filesBelow('docs', ['native-api.md'])[0]!.text
  const listed = [...docs.matchAll(/^\| *`([A-Z_]+)` *\| *(\d{3}) *\|/gm)].map(([, code, status]) => [
    code,
    Number(status),
  ])
  // What all APIs say of a parent has its own names in each; this one has none of its own here.
  const { code, status } = parentFault.TREE_TOO_DEEP({ id: 'x' })
  const own = Object.entries(nativeFaultCatalogue).map(([name, fault]) => [name, fault.status])
  const known = [...own, [code, status]]
  assert.deepEqual(listed.toSorted(), known.toSorted())
})
