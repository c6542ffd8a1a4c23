// The description of the Graph API. The API has one wildcard route. So the paths are generated from the grammar in path.ts, and their
// methods from the table of resources. Neither can differ from what runs.

import { BEARER, OpenApi, type Schema } from '../../http/openapi.ts'
import { graphErrorSchema, newEventSchema, thingListSchema, thingSchema } from './event-schema.ts'
import { GRAMMAR, type Node } from './path.ts'
import { preferHeader } from './preferences.ts'
import { DEFAULT_TOP, MAX_TOP, type QueryKind } from './query.ts'
import type { Operation } from './resource.ts'
import { RESOURCES } from './resources/resources.ts'

/** Below each version. */
export const OPENAPI = '/openapi.json'
export const GRAPH_OPENAPI = `/v1.0${OPENAPI}`

type Address = { readonly nodes: readonly Node[]; readonly path: string }

const select = { type: 'string', description: 'Names of properties, with commas between them.' } as const
const PAGE = {
  $top: {
    type: 'string',
    pattern: '^\\d{1,9}$',
    description: `Most on a page: 1 to ${MAX_TOP}. Default ${DEFAULT_TOP}.`,
  },
  $skip: { type: 'string', pattern: '^\\d{1,9}$', description: 'How many are passed over first.' },
} as const
const moment = { type: 'string', description: 'A date and time like 2026-03-01T09:00:00.' } as const
const list = { properties: { ...PAGE, $select: select } }
const QUERIES: { readonly [kind in QueryKind]: Schema } = {
  none: {},
  one: { properties: { $select: select } },
  list,
  events: list,
  calendarView: {
    required: ['startDateTime', 'endDateTime'],
    properties: { ...list.properties, startDateTime: moment, endDateTime: moment },
  },
}

/** The same for the versions v1.0, beta and docs/api. */
export function graphOpenApi(): OpenApi {
  const openApi = new OpenApi({
    title: 'Standdown, Microsoft Graph calendar',
    description: 'What of the calendar of Microsoft Graph this server speaks. docs/calendar.md has the rest.',
    version: 'v1.0',
    servers: () => ['/v1.0', '/beta', '/docs/api'],
    shapes: [newEventSchema, thingSchema, thingListSchema, graphErrorSchema],
    error: { type: 'application/json', shape: 'Error' },
    securitySchemes: BEARER,
  })
  openApi.describe({
    path: OPENAPI,
    method: 'GET',
    schema: { summary: 'This description.', isPublic: true },
  })
  for (const { nodes, path } of addressesBelow({ nodes: ['root'], path: '' })) {
    const node = nodes.at(-1) ?? 'root'
    for (const [method, operation] of Object.entries(RESOURCES[node] ?? {})) {
      // An event cannot be deleted in a calendarView.
      if (method === 'DELETE' && nodes.at(-2) === 'calendarView') continue
      openApi.describe({ path, method, schema: schemaOf(operation, path) })
    }
  }
  return openApi
}

function schemaOf({ summary, query, described }: Operation, path: string): Schema {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
  return {
    summary,
    params: { properties: Object.fromEntries(names.map(name => [name, { type: 'string', minLength: 1 }])) },
    querystring: QUERIES[query],
    ...(described ?? {
      headers: { properties: preferHeader },
      response: { 200: { $ref: query === 'one' ? 'Thing#' : 'ThingList#' } },
    }),
  }
}

/**
 * Every address below this one. Below an event's calendar nothing is listed, since its events have shorter addresses; except below a
 * message, where the draft lists them.
 */
function addressesBelow({ nodes, path }: Address): readonly Address[] {
  if (nodes.at(-1) === 'calendar' && nodes.includes('event') && nodes.at(-3) !== 'message') return []
  const { segments = {}, key } = GRAMMAR[nodes.at(-1) ?? 'root']
  const next: Address[] = []
  const seen = new Set<Node>()
  for (const node of Object.values(segments)) {
    // Two segments may lead to one node: microsoft.graph.cancel is the same as cancel.
    if (seen.has(node)) continue
    seen.add(node)
    next.push({ nodes: [...nodes, node], path: `${path}/${node}` })
  }
  const name = nodes.at(-1) === 'instances' ? 'instanceId' : `${key}Id`
  if (key) next.push({ nodes: [...nodes, key], path: `${path}/{${name}}` })
  return next.filter(isNew).flatMap(address => [address, ...addressesBelow(address)])
}

/** A node stands once in an address. Exceptions: an instance of an event is an event again, and so is an event in the calendar of a message's event. */
function isNew({ nodes }: Address): boolean {
  const [above, node] = nodes.slice(-2)
  const times = nodes.filter(each => each === node).length
  return (
    times === 1 || (times === 2 && node === 'event' && (above === 'instances' || nodes.includes('message')))
  )
}
