// Breaks a request that an operation takes, in one place or two.

import { METHODS } from 'node:http'
import type { Choices } from '../chaos/seeded.ts'
import type { Schema } from '../support/descriptions.ts'
import {
  atLimit,
  ODD_HEADERS,
  ODD_METHODS,
  ODD_NAMES,
  ODD_QUERIES,
  ODD_SEGMENTS,
  oddText,
  oddValue,
} from './oddities.ts'
import { jsonOf, LESS_THAN_THERE_IS, Literal, type Request } from './request.ts'
import { queryOf, resolved } from './valid-request.ts'

type Shapes = { readonly [name: string]: Schema }

export function mutate(request: Request, choices: Choices, shapes: Shapes): void {
  const times = choices.weighed({ 0: 4, 1: 60, 2: 28, 3: 8 })
  for (let i = 0; i < Number(times); i++) once(request, choices, shapes)
}

function once(request: Request, choices: Choices, shapes: Shapes): void {
  const hasBody = request.value !== undefined
  const what = choices.weighed({
    value: hasBody ? 50 : 0,
    text: hasBody ? 10 : 2,
    header: 14,
    query: request.operation.parameters.some(({ in: place }) => place === 'query') ? 20 : 6,
    path: /\{/.test(request.operation.path) ? 14 : 3,
    method: 3,
    body: hasBody ? 0 : 4,
    http: 1,
  })
  switch (what) {
    case 'value':
      breakValue(request, choices, shapes)
      return
    case 'text':
      breakText(request, choices)
      return
    case 'header':
      breakHeader(request, choices)
      return
    case 'query':
      breakQuery(request, choices)
      return
    case 'path':
      breakPath(request, choices)
      return
    case 'method':
      request.method = choices.among(ODD_METHODS)
      if (!METHODS.includes(request.method)) request.isBroken = true
      return
    case 'body':
      request.value = oddValue(choices)
      return
    case 'http':
      breakHttp(request, choices)
      return
  }
}

type Spot = {
  readonly value: unknown
  readonly schema: Schema
  /** What it stands in, and under which name. */
  readonly inside: object
  readonly name: string | number
}

/** Every place in the body, with what its schema says of it. */
function spots(request: Request, shapes: Shapes): Spot[] {
  const found: Spot[] = []
  const visit = (value: unknown, schema: Schema, at: Pick<Spot, 'inside' | 'name'>) => {
    const shape = fitting(resolved(schema, shapes), value, shapes)
    found.push({ value, schema: shape, ...at })
    if (typeof value !== 'object' || value === null || value instanceof Literal) return
    const properties = (shape.properties ?? {}) as Shapes
    for (const [name, child] of Object.entries(value))
      visit(child, (Array.isArray(value) ? (shape.items as Schema) : properties[name]) ?? {}, {
        inside: value,
        name,
      })
  }
  visit(request.value, request.operation.body?.schema ?? {}, { inside: request, name: 'value' })
  return found
}

/** Of alternatives the one whose constant or whose properties the value has. */
function fitting(schema: Schema, value: unknown, shapes: Shapes): Schema {
  const alternatives = (schema.oneOf ?? schema.anyOf) as readonly Schema[] | undefined
  if (!alternatives) return schema
  const names = Object.keys((value ?? {}) as object)
  const kind = (value as { kind?: unknown } | null)?.kind
  const all = alternatives.map(each => resolved(each, shapes))
  const properties = (each: Schema) => (each.properties ?? {}) as Shapes
  const found =
    all.find(each => kind !== undefined && properties(each).kind?.const === kind) ??
    all.find(each => names.length > 0 && names.every(name => name in properties(each)))
  return found ?? all[0] ?? schema
}

function breakValue(request: Request, choices: Choices, shapes: Shapes): void {
  const places = spots(request, shapes)
  const { value, schema, inside, name } = choices.among(places)
  const set = (next: unknown) => {
    Reflect.set(inside, name, next)
  }
  switch (choices.weighed({ odd: 30, limit: 30, remove: 12, add: 12, twice: 4, swap: 12 })) {
    case 'odd':
      set(oddValue(choices))
      return
    case 'limit':
      set(atLimit(schema, value, choices))
      return
    case 'remove':
      if (inside === request) set(undefined)
      else if (Array.isArray(inside)) inside.splice(Number(name), 1)
      else Reflect.deleteProperty(inside, name)
      return
    case 'add':
      if (Array.isArray(value)) value.push(oddValue(choices))
      else if (typeof value === 'object' && value !== null)
        Object.defineProperty(value, choices.among(ODD_NAMES), {
          value: oddValue(choices),
          enumerable: true,
          configurable: true,
          writable: true,
        })
      else set([value])
      return
    case 'twice':
      if (Array.isArray(value)) value.push(...(copyOf(value) as unknown[]))
      else set({ ...(typeof value === 'object' ? value : {}), value })
      return
    case 'swap':
      set(copyOf(choices.among(places).value))
      return
  }
}

/** What cannot be said in JSON stays what it is. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  if (typeof value !== 'object' || value === null || value instanceof Literal) return value
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, copyOf(child)]))
}

/** The bytes of the body, whatever they say. */
function breakText(request: Request, choices: Choices): void {
  const text = Buffer.from(request.value === undefined ? '{}' : jsonOf(request.value))
  const at = choices.whole(0, text.length)
  const around = (inserted: Buffer | string, skipped = 0) =>
    Buffer.concat([text.subarray(0, at), Buffer.from(inserted), text.subarray(at + skipped)])
  const makers: readonly (() => Buffer)[] = [
    () => text.subarray(0, at),
    () => around(Buffer.from([choices.whole(0, 255)]), 1),
    () => around(Buffer.from([0xff])),
    () => around(Buffer.from([0xed, 0xa0, 0x80])),
    () => around(Buffer.from([0xc0, 0xaf])),
    () => around('\\ud800'),
    () => around('\\u0000'),
    () => around(','),
    () => around('"'),
    () => around('/* */'),
    () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), text]),
    () => Buffer.from(text.toString('utf8'), 'utf16le'),
    () => Buffer.from(''),
    () => Buffer.from('   \n'),
    () => Buffer.from('null'),
    () => Buffer.from('NaN'),
    () => Buffer.from("{'a':1}"),
    () => Buffer.from('{"a":1,"a":2}'),
    () => Buffer.from('a=b&c=d'),
    () => Buffer.from('a=b&a=c&=&%zz=%ff'),
    () => Buffer.from('<a/>'),
    () => Buffer.from('['.repeat(100_000)),
    () => Buffer.alloc(choices.among([1_048_576, 1_048_577, 1_100_000]), 0x20),
  ]
  request.raw = choices.among(makers)()
}

function breakHeader(request: Request, choices: Choices): void {
  const name = choices.among(Object.keys(ODD_HEADERS))
  const value = choices.among(ODD_HEADERS[name] ?? [''])
  if (name === 'Authorization') request.isOwnToken = false
  const isSent = request.headers.some(([sent]) => sent.toLowerCase() === name.toLowerCase())
  // Beside the one that is there, or in its place.
  if (!isSent || choices.maybe(0.8))
    request.headers = request.headers.filter(([sent]) => sent.toLowerCase() !== name.toLowerCase())
  request.headers.push([name, value])
}

function breakQuery(request: Request, choices: Choices): void {
  const { query } = request
  switch (choices.weighed({ add: 50, twice: 15, odd: 30, drop: 5 })) {
    case 'add':
      query.push(...queryOf(choices.among(ODD_QUERIES)))
      return
    case 'twice':
      if (query.length > 0) query.push(choices.among(query))
      return
    case 'drop':
      request.query = []
      return
    case 'odd': {
      const names = request.operation.parameters
        .filter(({ in: place }) => place === 'query')
        .map(({ name }) => name)
      if (names.length === 0) return
      const name = choices.among(names)
      const schema = request.operation.parameters.find(each => each.name === name)?.schema ?? {}
      const odd = choices.maybe(0.5) ? oddText(choices) : atLimit(schema, '', choices)
      const value = typeof odd === 'string' ? odd : jsonOf(odd)
      request.query = query.filter(([sent]) => sent !== name)
      request.query.push([encodeURIComponent(name), encodeURIComponent(value.toWellFormed()).slice(0, 9000)])
    }
  }
}

function breakPath(request: Request, choices: Choices): void {
  const segments = request.path.split('/')
  const last = segments.length - 1
  switch (choices.weighed({ replace: 50, end: 10, double: 8, upper: 10, encode: 10, cut: 6, absolute: 6 })) {
    case 'replace':
      segments[choices.maybe(0.6) ? choices.whole(Math.max(1, last - 1), last) : choices.whole(1, last)] =
        choices.among(ODD_SEGMENTS)
      request.path = segments.join('/')
      break
    case 'end':
      request.path += choices.among(['/', '/x', '//', '/.', '/..', '%20', '\\', '#', '/cancel', '/%00'])
      break
    case 'double':
      request.path = request.path.replaceAll('/', '//')
      break
    case 'upper':
      request.path = choices.maybe(0.5) ? request.path.toUpperCase() : request.path.toLowerCase()
      break
    case 'encode':
      request.path = request.path.replace(/[a-z]/g, c =>
        choices.maybe(0.2) ? `%${c.charCodeAt(0).toString(16)}` : c,
      )
      break
    case 'cut':
      request.path = request.path.slice(0, choices.whole(1, request.path.length))
      break
    case 'absolute':
      request.path = `${choices.among(['https://graph.microsoft.com', 'http://', 'HTTP://x:y@z'])}${request.path}`
  }
  if (/[\s\x00-\x20]/.test(request.path)) request.isBroken = true
}

/** Below what an API can see. */
function breakHttp(request: Request, choices: Choices): void {
  request.isBroken = true
  const add = (name: string, value: string) => void request.headers.push([name, value])
  switch (choices.whole(0, 7)) {
    case 0:
      add('Transfer-Encoding', 'chunked, identity')
      return
    case 1:
      add('Content-Length', '-1')
      return
    case 2:
      add('Content-Length', LESS_THAN_THERE_IS)
      return
    case 3:
      add('X-Long', 'x'.repeat(20_000))
      return
    case 4:
      add('X Bad', 'x')
      return
    case 5:
      add('X-Bad', 'a\x00b')
      return
    case 6:
      request.path = `${request.path} x`
      return
    default:
      for (let i = 0; i < 300; i++) add(`X-${i}`, 'x')
  }
}
