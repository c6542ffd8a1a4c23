// Descriptions of the APIs (OpenAPI 3.1). They are made from the schemas of the routes, so every route is described.

import type { FastifyInstance, RouteOptions } from 'fastify'
import { compileValidator } from './schema-validator.ts'

declare module 'fastify' {
  // Keys that this file reads besides Fastify's own.
  interface FastifySchema {
    readonly summary?: string
    readonly description?: string
    /** Media types of the body. Default: JSON. */
    readonly consumes?: readonly string[]
    /** Media type of the answer. Default: JSON. */
    readonly produces?: string
    /** True when a call needs no token. */
    readonly isPublic?: boolean
    /** The address as callers write it, for a route whose own address is a pattern. */
    readonly address?: string
  }
}

export type Schema = { readonly [key: string]: unknown }

export type Described = {
  readonly path: string
  readonly method: string
  readonly schema: Schema
}

export type OpenApiFacts = {
  readonly title: string
  readonly description: string
  readonly version: string
  /** Prefixes of every path: an address, or a path of this server. Default: none. */
  readonly servers?: () => readonly string[]
  /** Schemas with an `$id`, which other schemas name by `$ref: 'Name#'`. */
  readonly shapes: readonly Schema[]
  /** Media type and schema of an error. */
  readonly error: { readonly type: string; readonly shape: string }
  /** How callers authenticate. */
  readonly securitySchemes: { readonly [name: string]: Schema }
  /** Addresses of other documents. */
  readonly also?: readonly string[]
}

const JSON_TYPE = 'application/json'
const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

export const BEARER: OpenApiFacts['securitySchemes'] = { bearer: { type: 'http', scheme: 'bearer' } }

export class OpenApi {
  readonly #facts: OpenApiFacts
  readonly #operations: Described[] = []

  constructor(facts: OpenApiFacts) {
    this.#facts = facts
  }

  /** Describes every route that this plugin, and the plugins within it, add from now on. */
  watch(app: FastifyInstance): void {
    app.addHook('onRoute', route => this.add(route))
  }

  /** Leaves out HEAD routes, and wildcards: a plugin with a wildcard describes the addresses behind it by itself. */
  add(route: RouteOptions): void {
    const schema = (route.schema ?? {}) as Schema
    const path = typeof schema.address === 'string' ? schema.address : route.url
    if (path.includes('*')) return
    for (const method of [route.method].flat())
      if (METHODS.has(method)) this.describe({ path, method, schema })
  }

  describe(operation: Described): void {
    this.#operations.push(operation)
  }

  document(): object {
    const { title, description, version, servers, shapes, securitySchemes, also } = this.#facts
    const paths: Record<string, Record<string, object>> = {}
    for (const { path, method, schema } of this.#operations) {
      const key = path.replace(/:(\w+)/g, '{$1}')
      paths[key] = { ...paths[key], [method.toLowerCase()]: this.#operation(schema) }
    }
    return {
      openapi: '3.1.0',
      info: { title, version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      servers: (servers?.() ?? ['/']).map(url => ({ url })),
      security: Object.keys(securitySchemes).map(name => ({ [name]: [] })),
      paths,
      components: {
        securitySchemes,
        schemas: Object.fromEntries(shapes.map(shape => [String(shape.$id), component(shape)])),
      },
      ...(also === undefined ? {} : { 'x-documents': also }),
    }
  }

  #operation(schema: Schema): object {
    const { error } = this.#facts
    const { summary, description, params, querystring, headers, body, consumes = [JSON_TYPE] } = schema
    const produces = typeof schema.produces === 'string' ? schema.produces : JSON_TYPE
    const responses = Object.entries((schema.response ?? { 200: {} }) as Schema).map(([status, shape]) => [
      status,
      { description: meaning(status), ...(isNothing(shape) ? {} : contents([produces], shape)) },
    ])
    return {
      summary,
      ...(description === undefined ? {} : { description }),
      ...(schema.isPublic === true ? { security: [] } : {}),
      parameters: [
        ...parameters(params, 'path'),
        ...parameters(querystring, 'query'),
        ...parameters(headers, 'header'),
      ],
      ...(body === undefined ? {} : { requestBody: contents(consumes as readonly string[], body) }),
      responses: {
        ...Object.fromEntries(responses),
        default: { description: 'A problem.', ...contents([error.type], { $ref: `${error.shape}#` }) },
      },
    }
  }
}

/** The schemas of this plugin's routes validate requests. */
export function schemasAreChecked(app: FastifyInstance): void {
  app.setValidatorCompiler(({ schema }) => compileValidator(schema))
  writeWhole(app)
}

/** The schemas of this plugin's routes only describe: its own readers validate, with the error messages of its API. */
export function schemasDescribeOnly(app: FastifyInstance): void {
  app.setValidatorCompiler(() => () => true)
  writeWhole(app)
}

/** Answers are written by JSON.stringify. A serializer made from a response schema would silently drop properties. */
function writeWhole(app: FastifyInstance): void {
  app.setSerializerCompiler(() => data => JSON.stringify(data))
}

function meaning(status: string): string {
  if (status.startsWith('2')) return 'Done.'
  return status.startsWith('3') ? 'Elsewhere.' : 'Refused.'
}

function isNothing(shape: unknown): boolean {
  return (shape as Schema | null)?.type === 'null'
}

function contents(types: readonly string[], schema: unknown): object {
  return { content: Object.fromEntries(types.map(type => [type, { schema: pointed(schema) }])) }
}

function parameters(schema: unknown, location: 'path' | 'query' | 'header'): object[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: { [name: string]: { description?: string } }
    required?: readonly string[]
  }
  return Object.entries(properties).map(([name, shape]) => ({
    name,
    in: location,
    required: location === 'path' || required.includes(name),
    ...(shape.description === undefined ? {} : { description: shape.description }),
    schema: pointed(shape),
  }))
}

function component({ $id: _, ...schema }: Schema): unknown {
  return pointed(schema)
}

/** Turns references as Fastify writes them (`Name#`) into OpenAPI's. */
function pointed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pointed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) =>
      key === '$ref' && typeof child === 'string'
        ? [key, `#/components/schemas/${child.replace(/#$/, '')}`]
        : [key, pointed(child)],
    ),
  )
}
