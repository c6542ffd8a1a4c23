// The description of the Graph API. The API has one wildcard route. So the paths are generated from the grammar in path.ts, and their
// methods from the table in operations.ts. Neither can differ from what runs.

import { BEARER, OpenApi, type Schema } from '../../http/openapi.ts'
import {
  cancelSchema,
  graphErrorSchema,
  newEventSchema,
  parentHeader,
  thingListSchema,
  thingSchema,
} from './event-schema.ts'
import { OPERATIONS } from './operations.ts'
import { GRAMMAR, type Node } from './path.ts'
import { DEFAULT_TOP, MAX_TOP, type QueryKind } from './query.ts'

/** Below each version. */
export const OPENAPI = '/openapi.json'
export const GRAPH_OPENAPI = `/v1.0${OPENAPI}`

type Address = { readonly nodes: readonly Node[]; readonly path: string }

const SUMMARIES: { readonly [operation: string]: string } = {
  'GET me': 'Who is signed in.',
  'GET users': 'The people of the tenant.',
  'GET user': 'A person.',
  'GET groups': 'The groups of the tenant.',
  'GET group': 'A group.',
  'GET joinedGroups': 'The groups that one is a member of.',
  'GET calendar': 'A calendar.',
  'GET calendars': 'Calendars.',
  'GET calendarGroups': 'Groups of calendars.',
  'GET calendarGroup': 'A group of calendars.',
  'GET events': 'Events, each once.',
  'POST events': 'Create an event; its attendees are invited.',
  'GET calendarView': 'Events between two times.',
  'GET event': 'An event.',
  'DELETE event': 'Delete an event. An organizer calls it off by that.',
  'POST cancel': 'Call a meeting off, as its organizer.',
  'GET messages': 'Messages about meetings.',
  'GET message': 'A message about a meeting.',
  'GET mailFolders': 'The folders of a mailbox.',
  'GET mailFolder': 'A folder of a mailbox.',
}

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

const requestId = {
  'client-request-id': {
    type: 'string',
    pattern: '^[\\x21-\\x7e]{1,128}$',
    description: 'The same for the same request: a cancel or delete that comes again does nothing again.',
  },
} as const
const prefer = {
  Prefer: {
    type: 'string',
    description: 'outlook.timezone="…", outlook.body-content-type="text".',
  },
} as const
const ifMatch = {
  'If-Match': { type: 'string', description: 'The `@odata.etag` of what is meant, or *.' },
} as const
const nothing = { type: 'null' } as const

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
    for (const [method, { query }] of Object.entries(OPERATIONS[node] ?? {})) {
      // An event cannot be deleted in a calendarView.
      if (method === 'DELETE' && nodes.at(-2) === 'calendarView') continue
      openApi.describe({ path, method, schema: schemaOf(`${method} ${node}`, path, query) })
    }
  }
  return openApi
}

function schemaOf(operation: string, path: string, query: QueryKind): Schema {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
  return {
    summary: SUMMARIES[operation],
    params: { properties: Object.fromEntries(names.map(name => [name, { type: 'string', minLength: 1 }])) },
    querystring: QUERIES[query],
    ...specific(operation, query),
  }
}

function specific(operation: string, query: QueryKind): Schema {
  switch (operation) {
    case 'POST events':
      return {
        headers: { properties: { ...requestId, ...prefer, 'Standdown-Parent': parentHeader } },
        body: { $ref: 'NewEvent#' },
        response: { 201: { $ref: 'Thing#' } },
      }
    case 'POST cancel':
      return {
        headers: { properties: requestId },
        body: cancelSchema,
        // 204: for the forms that only the draft of 2016-17 lists.
        response: { 202: nothing, 204: nothing },
      }
    case 'DELETE event':
      return { headers: { properties: { ...requestId, ...ifMatch } }, response: { 204: nothing } }
    default:
      return {
        headers: { properties: prefer },
        response: { 200: { $ref: query === 'one' ? 'Thing#' : 'ThingList#' } },
      }
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
