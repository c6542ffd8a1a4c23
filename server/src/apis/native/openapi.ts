// The description of the native API, made from the schemas by which its routes validate: what is written here cannot
// part from what runs.

import { credentialSchemas } from '@standdown/wire/src/credentials.ts'
import { retrySomeViewSchema } from '@standdown/wire/src/dead-effects.ts'
import { announcedViewSchema, effectViewSchema, eventViewSchema } from '@standdown/wire/src/event.ts'
import { holdViewSchema, releaseViewSchema } from '@standdown/wire/src/hold.ts'
import {
  actionCountsSchema,
  countSchema,
  effectListSchema,
  eventListSchema,
  eventSummarySchema,
  listedEffectSchema,
  nextDueSchema,
  relativeSchema,
  skippedSchema,
} from '@standdown/wire/src/lists.ts'
import {
  clockViewSchema,
  mailSummarySchema,
  mailViewSchema,
  statusViewSchema,
  workspaceViewSchema,
} from '@standdown/wire/src/operations.ts'
import { problemSchema } from '@standdown/wire/src/problem.ts'
import {
  cancelledListSchema,
  cancelledViewSchema,
  countsSchema,
  previewListSchema,
  previewViewSchema,
  receiptViewSchema,
} from '@standdown/wire/src/receipt.ts'
import { webhookSecretSchema, webhookSecretSummarySchema } from '@standdown/wire/src/webhook-secrets.ts'
import type { RouteOptions } from 'fastify'
import type { ServerFacts } from './needs.ts'

type Schema = { readonly [key: string]: unknown }

/** Shapes that routes name by `$ref: 'Name#'`. */
export const schemasOfTheWire: readonly Schema[] = [
  problemSchema,
  countSchema,
  skippedSchema,
  nextDueSchema,
  relativeSchema,
  effectViewSchema,
  eventSummarySchema,
  eventListSchema,
  eventViewSchema,
  listedEffectSchema,
  effectListSchema,
  actionCountsSchema,
  announcedViewSchema,
  countsSchema,
  cancelledViewSchema,
  cancelledListSchema,
  receiptViewSchema,
  previewViewSchema,
  previewListSchema,
  mailSummarySchema,
  mailViewSchema,
  retrySomeViewSchema,
  clockViewSchema,
  workspaceViewSchema,
  statusViewSchema,
  holdViewSchema,
  releaseViewSchema,
  webhookSecretSummarySchema,
  webhookSecretSchema,
]

type Operation = { readonly path: string; readonly method: string; readonly schema: Schema }

export class OpenApi {
  readonly #facts: Pick<ServerFacts, 'version' | 'publicUrl'>
  readonly #operations: Operation[] = []

  constructor(facts: Pick<ServerFacts, 'version' | 'publicUrl'>) {
    this.#facts = facts
  }

  /** For Fastify's onRoute hook. HEAD twins of GET routes are left out. */
  add(route: RouteOptions): void {
    const methods = Array.isArray(route.method) ? route.method : [route.method]
    for (const method of methods) {
      if (method === 'HEAD' || method === 'OPTIONS') continue
      const schema = (route.schema ?? {}) as Schema
      this.#operations.push({ path: route.url, method: method.toLowerCase(), schema })
    }
  }

  document(): object {
    const paths: Record<string, Record<string, object>> = {}
    for (const { path, method, schema } of this.#operations) {
      const key = path.replace(/:(\w+)/g, '{$1}')
      paths[key] = { ...paths[key], [method]: operation(schema) }
    }
    return {
      openapi: '3.1.0',
      info: {
        title: 'Standdown, native API',
        version: this.#facts.version,
        description:
          'Announce, revise, cancel; and receipts that say what a cancel prevented, stopped, or came too late for.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: this.#facts.publicUrl }],
      security: [{ bearer: [] }],
      paths,
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
        schemas: Object.fromEntries(
          [...schemasOfTheWire, ...credentialSchemas].map(schema => [String(schema.$id), component(schema)]),
        ),
      },
    }
  }
}

function operation(schema: Schema): object {
  const responses = Object.entries((schema.response ?? { 200: {} }) as Schema).map(([status, shape]) => [
    status,
    {
      description: status.startsWith('2') ? 'Done.' : 'Refused.',
      ...(status === '204' ? {} : { content: { 'application/json': { schema: pointed(shape) } } }),
    },
  ])
  return {
    summary: schema.summary,
    ...(schema.description === undefined ? {} : { description: schema.description }),
    parameters: [
      ...parameters(schema.params, 'path'),
      ...parameters(schema.querystring, 'query'),
      ...parameters(schema.headers, 'header'),
    ],
    ...(schema.body === undefined
      ? {}
      : { requestBody: { content: { 'application/json': { schema: pointed(schema.body) } } } }),
    responses: {
      ...Object.fromEntries(responses),
      default: {
        description: 'A problem.',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  }
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
