// Descriptions of the APIs (OpenAPI 3.1), made from the schemas that stand at their routes: a route that is added is described.

import type { FastifyInstance, RouteOptions } from 'fastify'
import { compileValidator } from './schema-validator.ts'

declare module 'fastify' {
  // What is read here besides Fastify's own keys.
  interface FastifySchema {
    readonly summary?: string
    readonly description?: string
    /** Types of the body. Default: JSON. */
    readonly consumes?: readonly string[]
    /** Type of what is answered. Default: JSON. */
    readonly produces?: string
    /** Nobody has to say who calls. */
    readonly isPublic?: boolean
    /** The address as callers write it, where the route's own is a pattern. */
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
  /** What stands before each path: an address, or a path of this server. Default: nothing. */
  readonly servers?: () => readonly string[]
  /** Shapes that schemas name by `$ref: 'Name#'`, each with its `$id`. */
  readonly shapes: readonly Schema[]
  /** How an error is answered. */
  readonly error: { readonly type: string; readonly shape: string }
  /** How callers say who they are, by a name for it. */
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

  /** Every route that this plugin, and those within it, add from now on. */
  watch(app: FastifyInstance): void {
    app.addHook('onRoute', route => this.add(route))
  }

  /** HEAD twins of GET routes are left out, and so are wildcards: who has one describes what stands behind it. */
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

/** In this plugin requests are what their schemas say. */
export function schemasAreChecked(app: FastifyInstance): void {
  app.setValidatorCompiler(({ schema }) => compileValidator(schema))
  writeWhole(app)
}

/** In this plugin schemas describe, and its own readers say what is wrong, in the words of its API. */
export function schemasDescribeOnly(app: FastifyInstance): void {
  app.setValidatorCompiler(() => () => true)
  writeWhole(app)
}

/** Response schemas describe; JSON.stringify writes, so that a schema never silently drops a property. */
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

function parameters(schema: unknown, place: 'path' | 'query' | 'header'): object[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: { [name: string]: { description?: string } }
    required?: readonly string[]
  }
  return Object.entries(properties).map(([name, shape]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(shape.description === undefined ? {} : { description: shape.description }),
    schema: pointed(shape),
  }))
}

function component({ $id: _, ...schema }: Schema): unknown {
  return pointed(schema)
}

/** `Name#`, as Fastify writes a reference, becomes OpenAPI's. */
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
