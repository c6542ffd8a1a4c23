// Native API: announcing an event and looking at it.

import { eventIdSchema } from './event-id.ts'
import { type EventSummary, type RelativeView, summaryProperties } from './lists.ts'

/** One action that follows from the event. Without `at` and `afterMs` it is due at once. */
export type EffectRequest = MailRequest | WebhookRequest | DelayRequest | OfferRequest | MeetingRequest

type Timing = {
  /** Short text for people, at most 200 characters. Default: made from the other fields. */
  readonly title?: string
  /** An instant of the tenant's clock, RFC 3339. Not together with `afterMs`. */
  readonly at?: string
  /** Milliseconds after the announcement, 0 to ten years. */
  readonly afterMs?: number
}

type Kept = {
  /** 'cancel': a cancel of the event prevents or stops this action too. 'keep': the action goes on. Default 'cancel'. */
  readonly link?: 'cancel' | 'keep'
}

export type MailRequest = Timing &
  Kept & {
    readonly kind: 'mail'
    /** 1 to 50 addresses. Each gets a mail of its own, which is an action of its own. */
    readonly to: readonly string[]
    readonly subject: string
    readonly text: string
    readonly html?: string
  }

export type WebhookRequest = Timing &
  Kept & {
    readonly kind: 'webhook'
    readonly url: string
    /** Standard Webhooks event type, e.g. 'invoice.due'. Default 'native.effect'. */
    readonly type?: string
    readonly payload?: { readonly [key: string]: unknown }
  }

/** A timer: it falls due and does nothing. */
export type DelayRequest = Timing & Kept & { readonly kind: 'delay' }

/** An offer on an agent's screen, as an event below this one. It is not announced if this event was called off, so it needs no `link`. */
export type OfferRequest = Timing & {
  readonly kind: 'offer'
  /** The agent, by id or userPrincipalName. */
  readonly agent: string
  /** The unique name of a channel of the agent; `template`: that of a notification template. */
  readonly channel: string
  readonly template: string
  /** Values for the slugs of the template. */
  readonly parameters?: { readonly [slug: string]: string | number | boolean }
}

/** A wall time as Graph writes it: '2031-03-03T09:00:00' in 'Europe/Berlin'. */
export type WallTime = { readonly dateTime: string; readonly timeZone?: string }

/** A meeting in an organizer's calendar, with invitations, as an event below this one. Like an offer, it needs no `link`. */
export type MeetingRequest = Timing & {
  readonly kind: 'meeting'
  /** The user whose meeting it is, by id or userPrincipalName. */
  readonly organizer: string
  readonly subject: string
  readonly start: WallTime
  readonly end: WallTime
  readonly attendees?: readonly {
    readonly address: string
    readonly name?: string
    readonly type?: 'required' | 'optional' | 'resource'
  }[]
  readonly text?: string
  readonly location?: string
}

export type AnnounceRequest = {
  /** A name for a later cancel, which calls off every live event of the same caller with this key. Left out: the event is cancelled by its id only. */
  readonly key?: string
  /** The thing in the world that the event is about, e.g. 'order-1017'. Default: the key; without a key, a new random id, which no other event has. */
  readonly entity?: string
  readonly title: string
  readonly parent?: { readonly id: string; readonly link?: 'cancel' | 'keep' }
  readonly effects?: readonly EffectRequest[]
  /** What to do when a cancel by this key came first: absorb (the event is announced as cancelled), reject (409) or ignore. Default absorb. */
  readonly early?: 'absorb' | 'reject' | 'ignore'
  readonly correlationId?: string
  /** Any JSON of the caller's own; at most 64 levels deep. */
  readonly data?: { readonly [key: string]: unknown }
}

export type ReviseRequest = {
  readonly title?: string
  readonly data?: { readonly [key: string]: unknown }
  /** These replace all actions that are still pending. */
  readonly effects: readonly EffectRequest[]
}

export type EffectView = {
  readonly id: string
  readonly kind: string
  readonly title: string
  /** pending, running (also what waits for an answer from outside), done, skipped, dead, superseded, prevented, stopped, too_late, in_doubt. */
  readonly state: string
  readonly dueAt: string
  /** When it ended; null while it has not. */
  readonly at: string | null
  readonly attempt: number
  readonly error: string | null
  readonly evidence: { readonly [key: string]: unknown } | null
  /** The id of the dead action that this one replaces. */
  readonly replaces: string | null
  /** The id of the action that replaces this dead one. */
  readonly replacedBy: string | null
}

/** An event with its actions, its ancestors and its children. A page has at most 1,000 actions and 50 children. */
export type EventView = EventSummary & {
  /** Of a native event the `data` of its announcement; of other events what their API keeps of them. */
  readonly data: { readonly [key: string]: unknown }
  readonly effects: readonly EffectView[]
  /** Pass it as `effectsAfter` for the next actions; null on the last page. */
  readonly effectsAfter: string | null
  /** Its ancestors: the parent first, the root last; at most 50. */
  readonly path: readonly RelativeView[]
  readonly children: {
    readonly value: readonly RelativeView[]
    /** Pass it as `childrenAfter` for the next children; null on the last page. */
    readonly after: string | null
  }
}

/** Answer to an announcement and a revision. */
export type AnnouncedView = {
  readonly id: string
  /** 'absorbed': a cancel came first, and the event was announced as cancelled. */
  readonly is: 'announced' | 'absorbed' | 'revised'
  readonly effectIds: readonly string[]
  readonly receipt: string | null
}

const guid = { type: 'string', format: 'uuid' } as const
const shortText = { type: 'string', minLength: 1, maxLength: 200 } as const
const object = { type: 'object', additionalProperties: true } as const

const timing = {
  title: { ...shortText, description: 'Short text for people. Left out: made from the rest.' },
  at: { type: 'string', format: 'date-time', description: "An instant of the tenant's clock." },
  afterMs: {
    type: 'integer',
    minimum: 0,
    maximum: 315_576_000_000,
    description: 'Milliseconds after the announcement.',
  },
} as const

const kept = {
  link: {
    enum: ['cancel', 'keep'],
    description: 'What the cancel of the event means for it. Default cancel.',
  },
} as const

const address = { type: 'string', maxLength: 254, format: 'email' } as const
const oneLine = '^[^\\r\\n]*$'
const plainLine = '^[^\\x00-\\x1f\\x7f]*$'
const wallTime = {
  type: 'object',
  required: ['dateTime'],
  additionalProperties: false,
  properties: {
    dateTime: {
      type: 'string',
      pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d)?$',
      description: 'A wall time without offset.',
    },
    timeZone: { ...shortText, maxLength: 100, description: 'IANA or Windows name. Default UTC.' },
  },
} as const

const notBoth = { not: { required: ['at', 'afterMs'] } } as const

export const effectRequestSchema = {
  type: 'object',
  required: ['kind'],
  discriminator: { propertyName: 'kind' },
  oneOf: [
    {
      title: 'mail',
      required: ['kind', 'to', 'subject', 'text'],
      additionalProperties: false,
      properties: {
        kind: { const: 'mail' },
        ...timing,
        ...kept,
        to: {
          type: 'array',
          minItems: 1,
          maxItems: 50,
          items: address,
        },
        subject: { type: 'string', maxLength: 500, pattern: oneLine },
        text: { type: 'string', maxLength: 100_000 },
        html: { type: 'string', maxLength: 200_000 },
      },
      ...notBoth,
    },
    {
      title: 'webhook',
      required: ['kind', 'url'],
      additionalProperties: false,
      properties: {
        kind: { const: 'webhook' },
        ...timing,
        ...kept,
        url: { type: 'string', maxLength: 2000, pattern: '^https?://' },
        type: { type: 'string', maxLength: 100, pattern: '^[A-Za-z0-9_.-]+$' },
        payload: object,
      },
      ...notBoth,
    },
    {
      title: 'delay',
      required: ['kind'],
      additionalProperties: false,
      properties: { kind: { const: 'delay' }, ...timing, ...kept },
      ...notBoth,
    },
    {
      title: 'offer',
      required: ['kind', 'agent', 'channel', 'template'],
      additionalProperties: false,
      properties: {
        kind: { const: 'offer' },
        ...timing,
        agent: { ...shortText, maxLength: 254 },
        channel: { ...shortText, maxLength: 64 },
        template: { ...shortText, maxLength: 128 },
        parameters: {
          type: 'object',
          maxProperties: 200,
          propertyNames: { minLength: 1, maxLength: 100 },
          additionalProperties: { type: ['string', 'number', 'boolean'], maxLength: 2000 },
        },
      },
      ...notBoth,
    },
    {
      title: 'meeting',
      required: ['kind', 'organizer', 'subject', 'start', 'end'],
      additionalProperties: false,
      properties: {
        kind: { const: 'meeting' },
        ...timing,
        organizer: { ...shortText, maxLength: 254 },
        subject: { ...shortText, maxLength: 255, pattern: plainLine },
        start: wallTime,
        end: wallTime,
        attendees: {
          type: 'array',
          maxItems: 50,
          items: {
            type: 'object',
            required: ['address'],
            additionalProperties: false,
            properties: {
              address: { type: 'string', maxLength: 254, format: 'email' },
              name: { ...shortText, maxLength: 255, pattern: plainLine },
              type: { enum: ['required', 'optional', 'resource'] },
            },
          },
        },
        text: { type: 'string', maxLength: 2000 },
        location: { ...shortText, maxLength: 255, pattern: plainLine },
      },
      ...notBoth,
    },
  ],
} as const

const effectList = { type: 'array', maxItems: 100, items: effectRequestSchema } as const

export const announceRequestSchema = {
  type: 'object',
  required: ['title'],
  additionalProperties: false,
  properties: {
    key: { ...shortText, description: 'What to cancel by later.' },
    entity: { ...shortText, description: 'The thing in the world that it is about.' },
    title: shortText,
    parent: {
      type: 'object',
      required: ['id'],
      additionalProperties: false,
      properties: { id: eventIdSchema, link: { enum: ['cancel', 'keep'] } },
    },
    effects: effectList,
    early: {
      enum: ['absorb', 'reject', 'ignore'],
      description:
        'What to do when a cancel came first. Default absorb: the event is acknowledged, and is cancelled from the start.',
    },
    correlationId: { ...shortText, description: 'Kept on the event and its receipt, searchable.' },
    data: object,
  },
} as const

export const reviseRequestSchema = {
  type: 'object',
  required: ['effects'],
  additionalProperties: false,
  properties: { title: shortText, data: object, effects: effectList },
} as const

const text = { type: 'string' } as const
const textOrNull = { type: ['string', 'null'] } as const

export const effectViewSchema = {
  $id: 'Effect',
  type: 'object',
  required: [
    'id',
    'kind',
    'title',
    'state',
    'dueAt',
    'at',
    'attempt',
    'error',
    'evidence',
    'replaces',
    'replacedBy',
  ],
  properties: {
    id: guid,
    kind: text,
    title: text,
    state: text,
    dueAt: text,
    at: textOrNull,
    attempt: { type: 'integer' },
    error: textOrNull,
    evidence: { type: ['object', 'null'] },
    replaces: textOrNull,
    replacedBy: textOrNull,
  },
} as const

export const eventViewSchema = {
  $id: 'Event',
  type: 'object',
  required: [...Object.keys(summaryProperties), 'data', 'effects', 'effectsAfter', 'path', 'children'],
  properties: {
    ...summaryProperties,
    data: object,
    effects: { type: 'array', items: { $ref: 'Effect#' } },
    effectsAfter: textOrNull,
    path: { type: 'array', items: { $ref: 'Relative#' } },
    children: {
      type: 'object',
      required: ['value', 'after'],
      properties: { value: { type: 'array', items: { $ref: 'Relative#' } }, after: textOrNull },
    },
  },
} as const

export const announcedViewSchema = {
  $id: 'Announced',
  type: 'object',
  required: ['id', 'is', 'effectIds', 'receipt'],
  properties: {
    id: guid,
    is: { enum: ['announced', 'absorbed', 'revised'] },
    effectIds: { type: 'array', items: guid },
    receipt: textOrNull,
  },
} as const
