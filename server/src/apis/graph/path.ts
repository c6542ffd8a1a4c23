// Reads the address of a Graph resource segment by segment. The grammar is a graph: nodes are resources, edges are segments, and `key`
// is the node that an id leads to. Segments are case-insensitive (docs of different dates write calendargroups and calendarGroups),
// ids are not. users('…')/events('…') is the same as users/…/events/….

import { graphFault } from './faults.ts'

export type Node =
  | 'root'
  | 'me'
  | 'users'
  | 'user'
  | 'groups'
  | 'group'
  | 'joinedGroups'
  | 'calendar'
  | 'calendars'
  | 'calendarGroups'
  | 'calendarGroup'
  | 'events'
  | 'calendarView'
  | 'instances'
  | 'event'
  | 'cancel'
  | 'messages'
  | 'message'
  | 'mailFolders'
  | 'mailFolder'

type Edges = { readonly segments?: { readonly [segment: string]: Node }; readonly key?: Node }

const CALENDAR: { readonly [segment: string]: Node } = { events: 'events', calendarview: 'calendarView' }
const MAILBOX: { readonly [segment: string]: Node } = {
  ...CALENDAR,
  calendar: 'calendar',
  calendars: 'calendars',
  calendargroups: 'calendarGroups',
  messages: 'messages',
  mailfolders: 'mailFolders',
}

/** For each node, the nodes that segments and an id lead to. */
export const GRAMMAR: { readonly [node in Node]: Edges } = {
  root: { segments: { me: 'me', users: 'users', groups: 'groups' } },
  me: { segments: { ...MAILBOX, joinedgroups: 'joinedGroups' } },
  users: { key: 'user' },
  user: { segments: MAILBOX },
  groups: { key: 'group' },
  joinedGroups: { key: 'group' },
  group: { segments: MAILBOX },
  calendar: { segments: CALENDAR },
  calendars: { key: 'calendar' },
  calendarGroups: { key: 'calendarGroup' },
  calendarGroup: { segments: { calendars: 'calendars' } },
  events: { key: 'event' },
  calendarView: { key: 'event' },
  instances: { key: 'event' },
  event: {
    segments: {
      cancel: 'cancel',
      'microsoft.graph.cancel': 'cancel',
      instances: 'instances',
      calendar: 'calendar',
    },
  },
  cancel: {},
  messages: { key: 'message' },
  message: { segments: { event: 'event', 'microsoft.graph.eventmessage': 'message' } },
  mailFolders: { key: 'mailFolder' },
  mailFolder: { segments: { messages: 'messages' } },
}

/** Segments of Graph that this server does not implement yet. They are answered so, instead of "not found". */
const LATER = new Set([
  'accept',
  'tentativelyaccept',
  'decline',
  'forward',
  'snoozereminder',
  'dismissreminder',
  'permanentdelete',
  'attachments',
  'extensions',
  'exceptionoccurrences',
  'getschedule',
  'findmeetingtimes',
  'reminderview',
  'translateexchangeids',
  'subscriptions',
  '$batch',
  'delta',
  'calendarpermissions',
  'sendmail',
])

/** `key` is the id that led here, null for a step by name. */
export type Step = { readonly node: Node; readonly key: string | null }

/** No address of Graph is longer. */
const MAX_STEPS = 20

/** The steps of `path`, which has no query and begins after the version. @throws Fault for an address that is not in the grammar */
export function readPath(path: string): readonly Step[] {
  const steps: Step[] = []
  let at: Node = 'root'
  for (const segment of segmentsOf(path)) {
    const edges: Edges = GRAMMAR[at]
    const named: Node | undefined = segment.isKey ? undefined : edgeTo(edges, segment.text.toLowerCase())
    const next: Node | undefined = named ?? (edges.segments ? undefined : edges.key)
    if (next === undefined) throw unknownSegment(segment.text)
    if (named === undefined && segment.text === '$count') throw graphFault.NotImplemented({ what: '$count' })
    if (steps.length === MAX_STEPS) throw unknownSegment(segment.text)
    steps.push({ node: next, key: named ? null : segment.text })
    at = next
  }
  if (steps.length === 0) throw unknownSegment('')
  return steps
}

/** Own edges only: "constructor" is no segment. */
function edgeTo({ segments = {} }: Edges, name: string): Node | undefined {
  return Object.hasOwn(segments, name) ? segments[name] : undefined
}

type Segment = { readonly text: string; readonly isKey: boolean }

function segmentsOf(path: string): readonly Segment[] {
  const segments: Segment[] = []
  for (const raw of path.replace(/\/$/, '').split('/')) {
    const text = decoded(raw)
    const keyed = /^([A-Za-z.]+)\('(.*)'\)$/.exec(text)
    if (!keyed) {
      segments.push({ text, isKey: false })
      continue
    }
    segments.push(
      { text: keyed[1] ?? '', isKey: false },
      { text: (keyed[2] ?? '').replaceAll("''", "'"), isKey: true },
    )
  }
  return segments
}

function decoded(raw: string): string {
  let text: string
  try {
    text = decodeURIComponent(raw)
  } catch (error) {
    throw graphFault.BadRequest({ detail: 'The request URI is malformed.' }, error)
  }
  if (text.includes('\0') || text.length > 1024)
    throw graphFault.BadRequest({ detail: 'The request URI is malformed.' })
  return text
}

function unknownSegment(text: string) {
  const name = text.slice(0, 100)
  if (
    LATER.has(
      name
        .toLowerCase()
        .replace(/\(.*$/, '')
        .replace(/^microsoft\.graph\./, ''),
    )
  )
    return graphFault.NotImplemented({ what: name })
  return graphFault.BadRequest({ detail: `Resource not found for the segment '${name}'.` })
}

/**
 * True for the path forms that only the draft of 2016-17 lists: through calendarView, joinedGroups or a message. They
 * answer 204; the ten forms of today's documentation answer 202.
 */
export function isDraftOnly(steps: readonly Step[]): boolean {
  return steps.some(({ node }) => node === 'calendarView' || node === 'joinedGroups' || node === 'message')
}

/** True for the three forms that draft and documentation share: {me, users, groups}/events/{id}/cancel. */
export function isInDraft(steps: readonly Step[]): boolean {
  if (isDraftOnly(steps)) return true
  const nodes = steps.map(({ node }) => node).join('/')
  return /^(me|users\/user|groups\/group)\/events\/event\/cancel$/.test(nodes)
}
