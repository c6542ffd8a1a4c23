// Every route that the server has is described by one of its OpenAPI documents, and what they describe is there.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Ajv } from 'ajv'
import { routesOf } from '../isolation/routes.ts'
import { type Document, readDescriptions } from '../support/descriptions.ts'
import { type TestServer, testServer } from '../support/server.ts'

/** Behind these a grammar of their own decides; by where their addresses begin. */
const WILDCARDS: { readonly [route: string]: string | null } = {
  'ANY /v1.0': '/v1.0/',
  'ANY /v1.0/*': '/v1.0/',
  'ANY /beta': '/beta/',
  'ANY /beta/*': '/beta/',
  'ANY /docs/api': '/docs/api/',
  'ANY /docs/api/*': '/docs/api/',
  'ANY /oidc/*': '/oidc/',
  'GET /:webresources(^[Ww][Ee][Bb][Rr][Ee][Ss][Oo][Uu][Rr][Cc][Ee][Ss]$)/*': '/webresources/',
}

/** Words of a schema that are for readers, or for Ajv itself. */
const SAYS_MORE = [
  '$id',
  '$schema',
  '$comment',
  'title',
  'description',
  'default',
  'example',
  'examples',
  'deprecated',
  'discriminator',
]

let server: TestServer
let documents: readonly Document[]
before(async () => {
  server = await testServer()
  documents = await readDescriptions(server.url)
})
after(() => server?.[Symbol.asyncDispose]())

test('the documents are found from one address, and docs name each', async () => {
  assert.deepEqual(
    documents.map(({ address }) => address),
    [
      '/openapi.json',
      '/api/v1/openapi.json',
      '/v1.0/openapi.json',
      '/automations/v1/openapi.json',
      '/api/v1/notifications/openapi.json',
    ],
  )
  const docs = new URL('../../docs/', import.meta.url)
  const texts = readdirSync(docs, { encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => readFileSync(new URL(name, docs), 'utf8'))
  for (const { address } of documents)
    assert.ok(
      texts.some(text => text.includes(`\`GET ${address}\``)),
      `docs name ${address}`,
    )
})

test('every route is described once, and nothing that is not there', () => {
  const described = documents.flatMap(({ operations }) =>
    operations.flatMap(({ method, paths }) => paths.map(path => `${method} ${path}`)),
  )
  assert.equal(new Set(described).size, described.length, 'none is described twice')
  const routes = routesOf(server.server.http)
  const plain = new Set(
    routes.filter(route => !(route in WILDCARDS)).map(route => route.replace(/:(\w+)/g, '{$1}')),
  )
  assert.deepEqual(
    [...plain].filter(route => !described.includes(route)),
    [],
    'not described',
  )
  for (const [route, prefix] of Object.entries(WILDCARDS)) {
    assert.ok(routes.includes(route), `${route} is gone`)
    assert.ok(
      described.some(operation => operation.split(' ')[1]?.startsWith(prefix ?? '')),
      `${route}: something behind it is described`,
    )
  }
  const prefixes = Object.values(WILDCARDS)
  assert.deepEqual(
    described.filter(
      operation =>
        !plain.has(operation) && !prefixes.some(prefix => operation.split(' ')[1]?.startsWith(prefix ?? '')),
    ),
    [],
    'described, and not there',
  )
})

test('every operation says what it is for, names its parameters and what it answers', () => {
  for (const { address, operations, shapes, text } of documents) {
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g))
      assert.ok(name !== undefined && name in shapes, `${address}: ${name} is described`)
    for (const { method, path, summary, parameters, responses, errorType } of operations) {
      const what = `${method} ${path}`
      assert.ok(summary, `${what}: a summary`)
      assert.deepEqual(
        parameters.filter(parameter => parameter.in === 'path').map(parameter => parameter.name),
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
        `${what}: its parameters`,
      )
      assert.ok(
        Object.keys(responses).some(status => /^[23]/.test(status)),
        `${what}: an answer`,
      )
      assert.match(errorType, /json/, `${what}: how an error is answered`)
    }
  }
})

test('what the Graph document describes, its grammar understands: none is an unknown segment or another method', async () => {
  const token = await server.personToken('alice')
  const graph = documents.find(({ address }) => address.startsWith('/v1.0'))
  assert.ok(graph && graph.operations.length > 300)
  for (const { method, path } of graph.operations) {
    const address = path.replace(/\{\w+\}/g, 'x')
    const response = await fetch(`${server.url}${address}?startDateTime=2031-01-01&endDateTime=2031-01-02`, {
      method,
      headers: { authorization: `Bearer ${token}` },
    })
    const text = await response.text()
    assert.ok(response.status < 500 && response.status !== 405, `${method} ${address}: ${response.status}`)
    assert.ok(!text.includes('Resource not found for the segment'), `${method} ${address}: ${text}`)
  }
})

test('what the issuer says of itself is described', async () => {
  const response = await fetch(`${server.url}/oidc/.well-known/openid-configuration`)
  const discovery = (await response.json()) as { readonly [name: string]: unknown }
  const described = documents.flatMap(({ operations }) => operations.map(({ path }) => path))
  for (const [name, value] of Object.entries(discovery))
    if (/_endpoint$|^jwks_uri$/.test(name))
      assert.ok(described.includes(new URL(String(value)).pathname), `${name}: ${value}`)
})

test('a document is for anybody, and told as it is', async () => {
  for (const { address } of documents) {
    const response = await fetch(`${server.url}${address}`, { method: 'HEAD' })
    assert.equal(response.status, 200, address)
  }
})

test('HEAD of whatever GET answers comes to an end, streams too', async () => {
  const authorization = `Bearer ${await server.personToken('dana')}`
  for (const { operations } of documents)
    for (const { method, path } of operations) {
      if (method !== 'GET' || path.startsWith('/v1.0/')) continue
      const address = path.replace(/\{\w+\}/g, 'x')
      const response = await fetch(`${server.url}${address}`, {
        method: 'HEAD',
        redirect: 'manual',
        headers: { authorization },
        signal: AbortSignal.timeout(20_000),
      })
      assert.equal(await response.text(), '', address)
      assert.ok(response.status < 500, `${address}: ${response.status}`)
      assert.notEqual(response.status, 405, address)
    }
})

test('what checks requests is a schema: the server compiles it without a look at that', () => {
  const ajv = new Ajv({ strict: false, discriminator: true, allowUnionTypes: true })
  const file = readFileSync(new URL('../../docs/workspace.schema.json', import.meta.url), 'utf8')
  const schemas: [string, object][] = [['docs/workspace.schema.json', JSON.parse(file)]]
  for (const { address, operations, shapes } of documents) {
    for (const [name, shape] of Object.entries(shapes)) schemas.push([`${address} ${name}`, shape])
    for (const { method, path, body, parameters } of operations)
      for (const schema of [body?.schema, ...parameters.map(parameter => parameter.schema)])
        if (schema) schemas.push([`${method} ${path}`, schema])
  }
  assert.ok(schemas.length > 100)
  for (const [name, schema] of schemas) {
    assert.ok(ajv.validateSchema(schema), `${name}: ${ajv.errorsText()}`)
    assert.deepEqual(unknownWords(ajv, schema), [], name)
  }
  assert.equal(ajv.validateSchema({ type: 'text' }), false)
  assert.deepEqual(unknownWords(ajv, { properties: { a: { items: { maxLenght: 1 } } } }), ['maxLenght'])
})

/** What a schema says that checks nothing, and is not meant to: a mistyped word would let everything through. */
function unknownWords(ajv: Ajv, schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  if (Array.isArray(schema)) return schema.flatMap(each => unknownWords(ajv, each))
  return Object.entries(schema).flatMap(([word, value]) => {
    if (['properties', 'patternProperties', 'definitions'].includes(word))
      return Object.values(value as object).flatMap(each => unknownWords(ajv, each))
    if (
      ['items', 'additionalProperties', 'not', 'oneOf', 'anyOf', 'allOf', 'if', 'then', 'else'].includes(word)
    )
      return unknownWords(ajv, value)
    return SAYS_MORE.includes(word) || ajv.getKeyword(word) ? [] : [word]
  })
}
