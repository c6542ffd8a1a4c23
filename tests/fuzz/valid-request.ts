// A request that an operation takes, made from what its document says of it, and from what there is to name.

import type { Choices } from '../chaos/seeded.ts'
import type { Operation, Schema } from '../support/descriptions.ts'
import { NO_VALUE, type Pair, type Request } from './request.ts'
import type { Role, World } from './world.ts'

export type Making = {
  readonly choices: Choices
  readonly world: World
  readonly shapes: { readonly [name: string]: Schema }
  /** Stands in every text of it. */
  readonly mark: string
  readonly role: Role
}

const DEEPEST = 6

export function validRequest(operation: Operation, making: Making): Request {
  const { choices, world, role } = making
  const path = choices.among(operation.paths).replace(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = operation.parameters.find(each => each.in === 'path' && each.name === name)
    return encodeURIComponent(
      String(sampleOf(parameter?.schema ?? {}, { ...making, name, at: operation.path })),
    )
  })
  const query: Pair[] = []
  const headers: Pair[] = []
  for (const { name, required, schema, in: place } of operation.parameters) {
    if (place === 'path' || !(required || choices.maybe(0.3))) continue
    const value = String(sampleOf(schema, { ...making, name, at: operation.path }))
    if (place === 'query') query.push([encodeURIComponent(name), encodeURIComponent(value)])
    else headers.push([name, Buffer.from(value).toString('latin1')])
  }
  const token = world.authorization(role, operation)
  if (token !== null) headers.push(token)
  const type = operation.body ? choices.among(operation.body.types) : ''
  return {
    operation,
    role,
    method: operation.method,
    path,
    query,
    headers,
    value: operation.body
      ? sampleOf(operation.body.schema, { ...making, name: '', at: operation.path })
      : undefined,
    form: type.includes('form') ? 'form' : 'json',
    raw: null,
    isOwnToken: true,
    isBroken: false,
  }
}

type Sampling = Making & { readonly name: string; readonly at: string; readonly depth?: number }

type Shape = Schema & {
  readonly type?: string | readonly string[]
  readonly properties?: { readonly [name: string]: Schema }
  readonly required?: readonly string[]
  readonly items?: Schema
}

/** A value that the schema takes, mostly. */
export function sampleOf(schema: Schema, sampling: Sampling): unknown {
  const { choices, world, name, at, mark } = sampling
  const shape = resolved(schema, sampling.shapes) as Shape
  const hints = world.hints(name, at)
  if (hints !== null && hints.length > 0) return structuredClone(choices.among(hints))
  const { depth = 0 } = sampling
  if ('const' in shape) return shape.const
  if (Array.isArray(shape.enum)) return choices.among(shape.enum)
  const alternatives = (shape.oneOf ?? shape.anyOf) as readonly Schema[] | undefined
  if (alternatives?.some(each => 'type' in each || '$ref' in each || 'properties' in each)) {
    const { oneOf: _one, anyOf: _any, ...rest } = shape
    return sampleOf({ ...rest, ...resolved(choices.among(alternatives), sampling.shapes) }, sampling)
  }
  const types = [shape.type ?? (shape.properties ? 'object' : 'string')].flat()
  const type = choices.maybe(0.05) ? choices.among(types) : (types.find(each => each !== 'null') ?? 'null')
  const within = { ...sampling, depth: depth + 1 }
  switch (type) {
    case 'object': {
      const entries = Object.entries(shape.properties ?? {}).filter(
        ([property]) => shape.required?.includes(property) || (depth < DEEPEST && choices.maybe(0.4)),
      )
      // Not both.
      const names = entries.map(([property]) => property)
      const kept = names.includes('at') ? entries.filter(([property]) => property !== 'afterMs') : entries
      if (kept.length === 0 && !shape.properties) return choices.maybe(0.5) ? {} : { name: mark, vip: true }
      return Object.fromEntries(
        kept.map(([property, child]) => [property, sampleOf(child, { ...within, name: property })]),
      )
    }
    case 'array': {
      const least = Number(shape.minItems ?? 0)
      const count = choices.whole(least, Math.max(least, Math.min(3, Number(shape.maxItems ?? 3))))
      return Array.from({ length: count }, () => sampleOf(shape.items ?? {}, within))
    }
    case 'boolean':
      return choices.maybe(0.5)
    case 'integer':
    case 'number': {
      const least = Number(shape.minimum ?? 0)
      return choices.whole(least, Math.min(Number(shape.maximum ?? least + 1000), least + 100_000))
    }
    case 'null':
      return null
    default:
      return textFor(shape, sampling)
  }
}

const CANDIDATES = [
  '1',
  '10',
  '2031-05-06T10:00:00',
  'http://127.0.0.1:9/x',
  'fuzz.thing',
  'mail.send',
  '3d',
  'true',
  'alice@contoso.example',
]

function textFor(shape: Schema, { choices, world, mark }: Sampling): string {
  if (shape.format === 'uuid') return choices.among(world.ids)
  if (shape.format === 'date-time')
    return choices.among(['2031-05-06T10:00:00Z', '2027-01-01T00:00:00.5+01:00'])
  if (shape.format === 'email') return choices.among(['bob@contoso.example', 'x@remote.example'])
  const most = Number(shape.maxLength ?? 200)
  if (typeof shape.pattern === 'string') {
    const pattern = new RegExp(shape.pattern, 'u')
    const fitting = [...CANDIDATES, ...world.ids, mark].filter(text => pattern.test(text))
    if (fitting.length > 0) return choices.among(fitting)
  }
  return mark.slice(0, most)
}

export function resolved(schema: Schema, shapes: Making['shapes']): Schema {
  const name = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined
  return name === undefined ? schema : resolved(shapes[name] ?? {}, shapes)
}

export function queryOf(text: string): Pair[] {
  return text.split('&').map(pair => {
    const at = pair.indexOf('=')
    return at === -1 ? [pair, NO_VALUE] : [pair.slice(0, at), pair.slice(at + 1)]
  })
}
