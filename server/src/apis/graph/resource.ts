// What a resource of Graph is here: for each node of the grammar, what every method does on it and how it is described. And what all
// resources need: their mailbox, and answers with one thing or a page of them.

import type { Mailbox } from '../../calendar/meeting/meeting.ts'
import type { Schema } from '../../http/openapi.ts'
import type { Need } from './access.ts'
import type { GraphRequest, GraphResponse } from './graph-request.ts'
import type { Node } from './path.ts'
import { nextQuery, type Query, type QueryKind, selected } from './query.ts'
import { resolve, type Scope } from './resolve.ts'

export type Operation = {
  /** For the description. */
  readonly summary: string
  readonly need: Need
  readonly query: QueryKind
  /** Headers, body and responses in the description. Default: those of a GET. */
  readonly described?: Schema
  run(request: GraphRequest, query: Query): Promise<GraphResponse>
}

export type Methods = { readonly GET?: Operation; readonly POST?: Operation; readonly DELETE?: Operation }

/** By node; a node without an entry leads on, but nothing can be done there. */
export type Resources = { readonly [node in Node]?: Methods }

export type Written = { readonly [name: string]: unknown }

export async function scopeOf({ needs, principal, steps }: GraphRequest): Promise<Scope> {
  return await resolve(needs, principal, steps)
}

export function one(
  request: GraphRequest,
  query: Query,
  what: { readonly context: string; readonly value: Written },
): GraphResponse {
  const context = `${request.root}/$metadata#${what.context}/$entity`
  return { status: 200, body: { '@odata.context': context, ...selected(what.value, query.select) } }
}

export function list(
  request: GraphRequest,
  query: Query,
  what: { readonly context: string; readonly values: readonly Written[] },
): GraphResponse {
  const { page, select } = query
  const more = what.values.length > page.top
  return {
    status: 200,
    body: {
      '@odata.context': `${request.root}/$metadata#${what.context}`,
      value: what.values.slice(0, page.top).map(value => selected(value, select)),
      ...(more ? { '@odata.nextLink': `${request.root}/${request.path}?${nextQuery(query)}` } : {}),
    },
  }
}

/** One item more than the page, to know whether there is a next page. */
export function pageOf({ page }: Query) {
  return { skip: page.skip, top: page.top + 1 }
}

export function paged<T>(values: readonly T[], query: Query): readonly T[] {
  return values.slice(query.page.skip, query.page.skip + query.page.top + 1)
}

export function ownerContext(mailbox: Mailbox): string {
  return `${mailbox.kind === 'user' ? 'users' : 'groups'}('${mailbox.id}')`
}
