// Native API: lists of events and of actions. Every list is paged: `nextPage` of an answer is the `after` of the next one.

import { eventIdSchema } from './event-id.ts'

/** The filter of a list of events: an event has to match every given field. */
export type EventsQuery = {
  readonly state?: EventState
  readonly key?: string
  readonly entity?: string
  readonly api?: EventApi
  readonly app?: string
  readonly kind?: string
  readonly dueAfter?: string
  readonly dueBefore?: string
  readonly q?: string
  readonly count?: 'true' | 'false'
  readonly after?: string
  readonly limit?: string
}

/** announced: some action is still to come. ended: no action is to come, and the event was not called off; it still can be. */
export type EventState = 'announced' | 'cancelled' | 'ended'

export type EventApi = 'graph' | 'wix' | 'cif' | 'native'

/** An action that did not happen, because there was nothing to do or its time had passed. */
export type SkippedView = { readonly title: string; readonly code: string; readonly why: string }

/** The action of an event that is due next, or runs now. */
export type NextDueView = {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly state: 'pending' | 'running'
  readonly dueAt: string
  readonly attempt: number
  /** The error of the previous attempt, if there was one. */
  readonly error: string | null
}

export type EventSummary = {
  readonly id: string
  readonly kind: string
  readonly api: EventApi | null
  /** Id of the app that announced it; null when no app did. */
  readonly app: string | null
  readonly key: string | null
  readonly entity: string
  readonly title: string
  readonly parentId: string | null
  readonly state: EventState
  readonly createdAt: string
  readonly correlationId: string | null
  /** Address of the receipt of the cancel that called it off; null when none did. */
  readonly receipt: string | null
  readonly next: NextDueView | null
  readonly skipped: readonly SkippedView[]
}

/** `isExact` false: there are at least `count`. */
export type CountView = { readonly count: number; readonly isExact: boolean }

export type Page = {
  /** Pass it as `after` for the next page; null on the last one. */
  readonly nextPage: string | null
  /** How many rows the search read before it stopped with a page that is not full; null for a full page, and for the last one. */
  readonly stoppedAfter: number | null
}

export type EventListView = Page & { readonly value: readonly EventSummary[]; readonly count?: CountView }

/** An event above or below another one. */
export type RelativeView = {
  readonly id: string
  readonly kind: string
  readonly title: string
  /** What a cancel of the upper event means for the lower one. */
  readonly link: 'cancel' | 'keep'
  readonly isCancelled: boolean
}

/** States by which actions can be listed. Prevented actions are in receipts only. */
export const LISTED_STATES = [
  'pending',
  'running',
  'waiting',
  'done',
  'skipped',
  'dead',
  'superseded',
  'stopped',
  'too_late',
  'in_doubt',
] as const

export type ListedState = (typeof LISTED_STATES)[number]

export type ListedEffectView = {
  readonly id: string
  /** Null for a notice, which belongs to a cancellation. */
  readonly eventId: string | null
  readonly kind: string
  readonly title: string
  readonly state: string
  /** Host of a webhook, domain of a mail; null for others. */
  readonly receiver: string | null
  /** After a failed attempt: when the next one is due. */
  readonly dueAt: string
  /** When the running attempt started; null when it is not running. */
  readonly startedAt: string | null
  /** When it ended; null while it has not. */
  readonly at: string | null
  readonly attempt: number
  readonly error: string | null
}

export type EffectListView = Page & { readonly value: readonly ListedEffectView[] }

/** The actions of a tenant by state. Each is counted up to 10,000. */
export type ActionCounts = {
  readonly pending: CountView
  /** The pending ones that are due now. */
  readonly due: CountView
  readonly running: CountView
  /** No process runs them: they end from outside, like an offer that an agent answers. */
  readonly waiting: CountView
  readonly dead: CountView
  /** The earliest due time of the pending ones. If it has passed, they are late. */
  readonly oldestDue: string | null
  /** Pending actions whose last attempt failed. */
  readonly failing: readonly {
    readonly kind: string
    readonly receiver: string | null
    readonly count: number
    readonly attempts: number
    readonly nextAt: string
    readonly error: string | null
  }[]
}

const guid = { type: 'string', format: 'uuid' } as const
const text = { type: 'string' } as const
const textOrNull = { type: ['string', 'null'] } as const
const shortText = { type: 'string', minLength: 1, maxLength: 200 } as const

const page = {
  after: { type: 'string', minLength: 1, maxLength: 120, description: '`nextPage` of the page before.' },
  limit: {
    type: 'string',
    pattern: '^([1-9]\\d?|1\\d\\d|200)$',
    description: 'Most on a page: 1 to 200. Default 50.',
  },
} as const

export const eventsQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    state: {
      enum: ['announced', 'cancelled', 'ended'],
      description:
        'announced: something of it is still to come; ended: nothing is, and it was not called off.',
    },
    key: {
      ...shortText,
      description:
        'What it is cancelled by; of a native event unless `api` or `kind` says otherwise (trigger key, token).',
    },
    entity: {
      ...shortText,
      description: 'The thing that it is about. With a native key: the key itself, when left out.',
    },
    api: { enum: ['graph', 'wix', 'cif', 'native'] },
    app: { ...shortText, description: 'Id or name of the app that announced it.' },
    kind: { ...shortText, description: 'For example calendar.meeting.' },
    dueAfter: {
      type: 'string',
      format: 'date-time',
      description: 'Something of it falls due then or later.',
    },
    dueBefore: { type: 'string', format: 'date-time', description: 'Something of it falls due before.' },
    q: { ...shortText, description: 'Text in the title or in `data`. 10,000 events are searched at a time.' },
    count: { enum: ['true', 'false'], description: 'true: also how many there are, exact up to 10,000.' },
    ...page,
  },
} as const

export const effectsQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    state: { enum: LISTED_STATES, description: 'Needed, unless an event is named.' },
    kind: { ...shortText, description: 'For example mail.send.' },
    receiver: {
      ...shortText,
      description: 'Host of a webhook, with its port unless it is the usual one; domain of a mail.',
    },
    eventId: eventIdSchema,
    dueAfter: {
      type: 'string',
      format: 'date-time',
      description: 'Pending ones that fall due then or later.',
    },
    dueBefore: { type: 'string', format: 'date-time', description: 'Pending ones that fall due by then.' },
    ...page,
  },
} as const

export const eventQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    effectsAfter: { ...guid, description: '`effectsAfter` of the page before.' },
    childrenAfter: { ...guid, description: '`children.after` of the page before.' },
  },
} as const

export const skippedSchema = {
  $id: 'Skipped',
  type: 'object',
  required: ['title', 'code', 'why'],
  properties: { title: text, code: text, why: text },
} as const

export const nextDueSchema = {
  $id: 'NextDue',
  type: 'object',
  required: ['id', 'kind', 'title', 'state', 'dueAt', 'attempt', 'error'],
  properties: {
    id: guid,
    kind: text,
    title: text,
    state: { enum: ['pending', 'running'] },
    dueAt: text,
    attempt: { type: 'integer' },
    error: textOrNull,
  },
} as const

export const summaryProperties = {
  id: guid,
  kind: text,
  api: { enum: ['graph', 'wix', 'cif', 'native', null] },
  app: textOrNull,
  key: textOrNull,
  entity: text,
  title: text,
  parentId: textOrNull,
  state: { enum: ['announced', 'cancelled', 'ended'] },
  createdAt: text,
  correlationId: textOrNull,
  receipt: textOrNull,
  next: { oneOf: [{ $ref: 'NextDue#' }, { type: 'null' }] },
  skipped: { type: 'array', items: { $ref: 'Skipped#' } },
} as const

export const eventSummarySchema = {
  $id: 'EventSummary',
  type: 'object',
  required: Object.keys(summaryProperties),
  properties: summaryProperties,
} as const

export const countSchema = {
  $id: 'Count',
  type: 'object',
  required: ['count', 'isExact'],
  properties: {
    count: { type: 'integer' },
    isExact: { type: 'boolean', description: 'false: there are at least so many.' },
  },
} as const

const pageProperties = {
  nextPage: { ...textOrNull, description: 'Pass it as `after` for the next page; null on the last one.' },
  stoppedAfter: {
    type: ['integer', 'null'],
    description: 'Rows that were looked at before the search stopped there; go on with `nextPage`.',
  },
} as const

export const eventListSchema = {
  $id: 'EventList',
  type: 'object',
  required: ['value', 'nextPage', 'stoppedAfter'],
  properties: {
    value: { type: 'array', items: { $ref: 'EventSummary#' } },
    ...pageProperties,
    count: { $ref: 'Count#' },
  },
} as const

export const relativeSchema = {
  $id: 'Relative',
  type: 'object',
  required: ['id', 'kind', 'title', 'link', 'isCancelled'],
  properties: {
    id: guid,
    kind: text,
    title: text,
    link: { enum: ['cancel', 'keep'] },
    isCancelled: { type: 'boolean' },
  },
} as const

export const listedEffectSchema = {
  $id: 'ListedEffect',
  type: 'object',
  required: [
    'id',
    'eventId',
    'kind',
    'title',
    'state',
    'receiver',
    'dueAt',
    'startedAt',
    'at',
    'attempt',
    'error',
  ],
  properties: {
    id: guid,
    eventId: textOrNull,
    kind: text,
    title: text,
    state: text,
    receiver: textOrNull,
    dueAt: text,
    startedAt: textOrNull,
    at: textOrNull,
    attempt: { type: 'integer' },
    error: textOrNull,
  },
} as const

export const effectListSchema = {
  $id: 'EffectList',
  type: 'object',
  required: ['value', 'nextPage', 'stoppedAfter'],
  properties: { value: { type: 'array', items: { $ref: 'ListedEffect#' } }, ...pageProperties },
} as const

export const actionCountsSchema = {
  $id: 'ActionCounts',
  type: 'object',
  description: 'Each is counted up to 10,000.',
  required: ['pending', 'due', 'running', 'waiting', 'dead', 'oldestDue', 'failing'],
  properties: {
    pending: { $ref: 'Count#' },
    due: { $ref: 'Count#' },
    running: { $ref: 'Count#' },
    waiting: { $ref: 'Count#' },
    dead: { $ref: 'Count#' },
    oldestDue: textOrNull,
    failing: {
      type: 'array',
      items: {
        type: 'object',
        required: ['kind', 'receiver', 'count', 'attempts', 'nextAt', 'error'],
        properties: {
          kind: text,
          receiver: textOrNull,
          count: { type: 'integer' },
          attempts: { type: 'integer' },
          nextAt: text,
          error: textOrNull,
        },
      },
    },
  },
} as const
