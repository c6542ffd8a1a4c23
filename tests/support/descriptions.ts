// What a running server says of its APIs: the operations of every OpenAPI document that it publishes.

import assert from 'node:assert/strict'

export type Schema = { readonly [key: string]: unknown }

export type Parameter = {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly schema: Schema
}

export type Operation = {
  /** Address of the document that has it. */
  readonly document: string
  readonly method: string
  /** With what the document's first server says to stand before it; names in braces. */
  readonly path: string
  /** The same below each server that the document names. */
  readonly paths: readonly string[]
  readonly summary: string | undefined
  readonly isPublic: boolean
  readonly parameters: readonly Parameter[]
  /** Null: it takes no body. */
  readonly body: { readonly types: readonly string[]; readonly schema: Schema } | null
  readonly responses: { readonly [status: string]: unknown }
  /** How an error is answered. */
  readonly errorType: string
}

export type Document = {
  readonly address: string
  readonly operations: readonly Operation[]
  /** Shapes by name, for `$ref`. */
  readonly shapes: { readonly [name: string]: Schema }
  readonly text: string
}

type RawOperation = {
  readonly summary?: string
  readonly security?: readonly unknown[]
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly content: { readonly [type: string]: { readonly schema: Schema } } }
  readonly responses: { readonly [status: string]: { readonly content?: object } }
}
type RawDocument = {
  readonly servers: readonly { readonly url: string }[]
  readonly paths: { readonly [path: string]: { readonly [method: string]: RawOperation } }
  readonly components: { readonly schemas: { readonly [name: string]: Schema } }
  readonly 'x-documents'?: readonly string[]
}

/** The one that names the others stands first. */
export async function readDescriptions(url: string): Promise<readonly Document[]> {
  const first = await readDocument(url, '/openapi.json')
  const others = (JSON.parse(first.text) as RawDocument)['x-documents'] ?? []
  return [first, ...(await Promise.all(others.map(address => readDocument(url, address))))]
}

async function readDocument(url: string, address: string): Promise<Document> {
  const response = await fetch(`${url}${address}`)
  assert.equal(response.status, 200, address)
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
  const text = await response.text()
  const { servers, paths, components } = JSON.parse(text) as RawDocument
  const bases = servers.map(server => new URL(server.url, url).pathname.replace(/\/$/, ''))
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]): Operation => {
      const content = Object.entries(raw.requestBody?.content ?? {})
      const [body] = content
      return {
        document: address,
        method: method.toUpperCase(),
        path: `${bases[0]}${path}`,
        paths: bases.map(base => `${base}${path}`),
        summary: raw.summary,
        isPublic: raw.security?.length === 0,
        parameters: raw.parameters,
        body: body ? { types: content.map(([type]) => type), schema: body[1].schema } : null,
        responses: raw.responses,
        errorType: Object.keys(raw.responses.default?.content ?? {})[0] ?? '',
      }
    }),
  )
  return { address, operations, shapes: components.schemas, text }
}
