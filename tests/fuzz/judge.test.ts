// That the judge of malformed requests sees what it is there for, and that a seed makes the same requests again.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Choices } from '../chaos/seeded.ts'
import type { Operation, Schema } from '../support/descriptions.ts'
import { faultIn, shapeAt } from './judge.ts'
import { mutate } from './mutate.ts'
import { oddValue } from './oddities.ts'
import type { Answer } from './raw-client.ts'
import { bytesOf, type Request } from './request.ts'

const ANNOUNCE: Schema = {
  type: 'object',
  properties: { title: { type: 'string', maxLength: 200 }, effects: { type: 'array', maxItems: 100 } },
}

function operationAt(method: string, path: string): Operation {
  return {
    document: '/openapi.json',
    method,
    path,
    paths: [path],
    summary: 'S',
    isPublic: false,
    parameters: [],
    body: { types: ['application/json'], schema: ANNOUNCE },
    responses: {},
    errorType: 'application/problem+json',
  }
}

function requestAt(path: string, method = 'POST'): Request {
  return {
    operation: operationAt(method, path),
    role: 'admin',
    method,
    path,
    query: [],
    headers: [],
    value: { title: 'T', effects: [] },
    form: 'json',
    raw: null,
    isOwnToken: true,
    isBroken: false,
  }
}

function answer(status: number, body: unknown, type = 'application/problem+json'): Answer {
  const bytes = Buffer.isBuffer(body)
    ? body
    : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return { status, headers: new Map([['content-type', type]]), body: bytes, isLast: false }
}

const problem = (status: number) => ({ type: 'about:blank', title: 'T', status, code: 'C', detail: 'D' })
const graphError = { error: { code: 'C', message: 'M', innerError: { date: 'd', 'request-id': 'r' } } }
const NATIVE = requestAt('/api/v1/events')
const GRAPH = requestAt('/v1.0/me/events')
const WIX = requestAt('/v1/events/report')

const JSON_TYPE = 'application/json; charset=utf-8'
const RIGHT: readonly (readonly [string, Request, Answer])[] = [
  ['taken', NATIVE, answer(201, { id: 'x' }, JSON_TYPE)],
  ['a problem', NATIVE, answer(400, problem(400))],
  ["Graph's error", GRAPH, answer(404, graphError, JSON_TYPE)],
  [
    'what Graph has and this server has not',
    GRAPH,
    answer(501, { error: { ...graphError.error, code: 'NotImplemented' } }, JSON_TYPE),
  ],
  ["Wix's error", WIX, answer(400, { message: 'M', details: {} }, JSON_TYPE)],
]
const WRONG: readonly (readonly [string, Request, Answer | 'closed' | 'too late'])[] = [
  ['500', NATIVE, answer(500, problem(500))],
  ['503', NATIVE, answer(503, problem(503))],
  ['a 501 of another API', NATIVE, answer(501, problem(501))],
  ["another API's error", NATIVE, answer(400, graphError, JSON_TYPE)],
  ['a problem at Graph', GRAPH, answer(400, problem(400))],
  ['a problem at Wix', WIX, answer(400, problem(400))],
  ['a problem that says another status', NATIVE, answer(400, problem(404))],
  [
    'a page of Fastify',
    NATIVE,
    answer(400, { statusCode: 400, error: 'Bad Request', message: 'M' }, JSON_TYPE),
  ],
  ['half of its JSON', NATIVE, answer(200, '{"id":', JSON_TYPE)],
  ['JSON that is no UTF-8', NATIVE, answer(200, Buffer.from([0x22, 0xff, 0x22]), JSON_TYPE)],
  ['a stack trace', NATIVE, answer(400, { ...problem(400), stack: 'at x (/srv/node_modules/a.js)' })],
  ['no answer', NATIVE, 'closed'],
  ['none in time', NATIVE, 'too late'],
]

test('what is right is not called wrong', () => {
  for (const [name, request, given] of RIGHT) assert.equal(faultIn(request, given), null, name)
})

test('what is wrong is seen', () => {
  for (const [name, request, given] of WRONG) assert.notEqual(faultIn(request, given), null, name)
})

test('an address is told apart by the API that it leads to, however it is spelled', () => {
  assert.equal(shapeAt('/v1.0/me?x'), 'graph')
  assert.equal(shapeAt('https://graph.microsoft.com/beta/me'), 'graph')
  assert.equal(shapeAt('/d%6fcs/api/me'), 'graph')
  assert.equal(shapeAt('/docs\\api/me'), 'graph')
  assert.equal(shapeAt('/v1.0x'), 'problem')
  assert.equal(shapeAt('/v1/events/x'), 'wix')
  assert.equal(shapeAt('/contoso/oauth2/v2.0/token'), 'oauth')
})

test('the same seed breaks the same request in the same way, and others in others', () => {
  const made = (seed: number) => {
    const request = requestAt('/api/v1/events')
    mutate(request, new Choices(seed, 'request 7'), {})
    return bytesOf(request).toString('latin1')
  }
  const all = Array.from({ length: 200 }, (_, seed) => made(seed))
  assert.deepEqual(
    all,
    Array.from({ length: 200 }, (_, seed) => made(seed)),
  )
  assert.ok(new Set(all).size > 150, `${new Set(all).size} different ones`)
})

test('of every kind of odd value there is one', () => {
  const choices = new Choices(1)
  const kinds = new Set(
    Array.from({ length: 500 }, () => {
      const value = oddValue(choices)
      return value === null
        ? 'null'
        : Array.isArray(value)
          ? 'array'
          : (value?.constructor?.name ?? typeof value)
    }),
  )
  for (const kind of ['null', 'Boolean', 'Number', 'String', 'array', 'Object', 'Literal'])
    assert.ok(kinds.has(kind), kind)
})
