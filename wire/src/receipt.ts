// Native API: calling something off, and the receipt that says what that did.

/** A key, as its caller gave it. `app`: whose key is meant, by the app's name or id, or `people`. */
export type ByKey = { readonly key: string; readonly entity?: string; readonly app?: string }
/** What a triggered event (Wix) was reported with. */
export type ByTrigger = {
  readonly triggerKey: string
  readonly externalEntityId: string
  readonly app?: string
}
/** What an offer (CIF) was announced with. `agent`: userPrincipalName or id. */
export type ByToken = { readonly cancellationToken: string; readonly agent?: string }
/** As any API spells it. */
export type ById = { readonly eventId: string }

export type CancelBy = ByKey | ByTrigger | ByToken | ById

/** `earlyMs` by key only: how long it waits for its event when nothing live matches. Default 900,000 (15 min); 0: it does not. */
export type CancellationRequest = CancelBy & {
  readonly reason?: string
  readonly correlationId?: string
  readonly earlyMs?: number
}

/** Body of POST /events/{id}/cancel. */
export type CancelRequestBody = { readonly reason?: string; readonly correlationId?: string }

export type OutcomeCounts = {
  readonly total: number
  readonly prevented: number
  readonly stopped: number
  readonly too_late: number
  readonly already_ended: number
  readonly in_doubt: number
  readonly kept: number
  readonly already_cancelled: number
  readonly stopping: number
}

/**
 * What a cancel came to. `cancelled`: something was called off. `repeated`: it is an earlier request again, and has that
 * one's receipt. `over`: all of it had ended or been called off before. `waiting`: it is kept for an event still to come.
 * `nothing`: nobody has what it names.
 */
export type CameTo = 'cancelled' | 'repeated' | 'over' | 'waiting' | 'nothing'

/** Whose the name was by which something was called off. */
export type NameOwner = {
  /** The app's name, or its id where no name is known; null for people's keys, and for tokens. */
  readonly app: string | null
  /** Of a triggered event. */
  readonly site: string | null
  /** Of an offer. */
  readonly agent: string | null
  readonly channel: string | null
}

/** Answer to a cancel: 201, or 200 when it is the receipt of an earlier, same request. */
export type CancelledView = {
  readonly receipt: string
  readonly receiptId: string
  readonly is: CameTo
  readonly replayed: boolean
  readonly early: boolean
  /** At most 1,000. */
  readonly eventIds: readonly string[]
  readonly counts: OutcomeCounts
  /** Left out where the request named one event by its id. */
  readonly of?: NameOwner
}

/**
 * Answer to a cancel by a name that several have, each with a cancellation and a receipt of its own; or nobody: then it is
 * empty, nothing is kept, and there is no receipt.
 */
export type CancelledListView = {
  readonly receipts: readonly CancelledView[]
  readonly is: CameTo
  readonly replayed: boolean
}

export type ReceiptItemView = {
  readonly effectId: string
  readonly eventId: string
  readonly kind: string
  readonly title: string
  readonly outcome: Exclude<keyof OutcomeCounts, 'total'>
  readonly ending: string | null
  readonly at: string | null
  readonly dueAt: string
  readonly evidence: { readonly [key: string]: unknown } | null
  /** Steps behind it that will now not be reached. */
  readonly next: readonly string[]
  /** Address of the earlier receipt, for already_cancelled. */
  readonly earlierReceipt: string | null
}

export type ReceiptNoticeView = {
  readonly effectId: string
  readonly kind: string
  readonly title: string
  readonly state: string
  readonly at: string | null
  readonly evidence: { readonly [key: string]: unknown } | null
}

export type ReceiptView = {
  readonly id: string
  readonly link: string
  /** 'counting': a huge tree is still being written down; 'open': something is stopping; 'final': will not change. */
  readonly state: 'counting' | 'open' | 'final'
  readonly cancelledAt: string
  readonly finalBy: string
  readonly by: { readonly principal: string; readonly api: string; readonly name: string }
  readonly target: {
    readonly kind: string
    readonly key: string | null
    readonly eventId: string | null
    readonly entity: string
  }
  readonly reason: string | null
  readonly correlationId: string | null
  readonly early: { readonly until: string; readonly metEventIds: readonly string[] } | null
  readonly events: readonly {
    readonly id: string
    readonly kind: string
    readonly title: string
    readonly key: string | null
  }[]
  readonly counts: OutcomeCounts
  readonly items: readonly ReceiptItemView[]
  /** Pass it as `after` for the next items; null on the last page. */
  readonly itemsAfter: string | null
  /** Waits and time limits of this page: nobody outside notices them, so they are no items and not counted. */
  readonly innerSteps: readonly ReceiptItemView[]
  readonly notices: readonly ReceiptNoticeView[]
  readonly notes: readonly { readonly at: string; readonly effectId: string; readonly text: string }[]
  readonly progress: { readonly marked: number } | null
}

/** Body of POST /previews. `after`: `itemsAfter` of the page before; `limit`: most items of this one, default 1,000. */
export type PreviewRequestBody = CancelBy & { readonly after?: string; readonly limit?: number }

export type PreviewItemView = {
  readonly effectId: string
  readonly eventId: string
  readonly kind: string
  readonly title: string
  readonly outcome: Exclude<keyof OutcomeCounts, 'total'>
  readonly ending: string | null
  readonly dueAt: string
}

/** One page of what a cancel would do if it came now. Nothing is changed by asking. */
export type PreviewView = {
  /** Events among those of this page that would be called off. */
  readonly eventIds: readonly string[]
  /** Of the items of this page. */
  readonly counts: OutcomeCounts
  readonly items: readonly PreviewItemView[]
  /** Waits and time limits of this page: nobody outside notices them, so they are no items and not counted. */
  readonly innerSteps: readonly PreviewItemView[]
  /** Pass it as `after` for the next items; null on the last page. A page may have few items, and more behind it. */
  readonly itemsAfter: string | null
  /** Left out where the request named one event by its id. */
  readonly of?: NameOwner
}

/** Answer to a preview by a name that several have, or nobody. The pages share the limit, each has its own `itemsAfter`. */
export type PreviewListView = { readonly previews: readonly PreviewView[] }

const guid = { type: 'string', format: 'uuid' } as const
const shortText = { type: 'string', minLength: 1, maxLength: 200 } as const
const reason = { type: 'string', maxLength: 10_000, description: 'Free text, passed on to people.' } as const

export const cancelBodySchema = {
  type: 'object',
  additionalProperties: false,
  properties: { reason, correlationId: shortText },
} as const

const app = {
  ...shortText,
  description:
    "Whose is meant: an app's name or id; for a key also `people`. Left out by an operator: everybody's.",
} as const

/** The ways of naming what is to be called off. `more`: properties that go with each. */
function named<More extends object>(more: More) {
  const way = <Properties extends object>(
    title: string,
    required: readonly string[],
    properties: Properties,
  ) => ({ title, required, additionalProperties: false, properties: { ...properties, ...more } }) as const
  return {
    byKey: way('by key', ['key'], { key: shortText, entity: shortText, app }),
    byTrigger: way("by a trigger's pair, for operators", ['triggerKey', 'externalEntityId'], {
      triggerKey: shortText,
      externalEntityId: guid,
      app,
    }),
    byToken: way("by an offer's token, for operators", ['cancellationToken'], {
      cancellationToken: { type: 'string', minLength: 1, maxLength: 500 },
      agent: {
        ...shortText,
        description: "userPrincipalName or id. Left out: every agent's.",
      },
    }),
    byId: way('by id', ['eventId'], {
      eventId: {
        type: 'string',
        minLength: 1,
        maxLength: 1000,
        description: "An event's id as any of the APIs spells it.",
      },
    }),
  } as const
}

const about = named({ reason, correlationId: shortText })

export const cancellationRequestSchema = {
  type: 'object',
  oneOf: [
    {
      ...about.byKey,
      properties: {
        ...about.byKey.properties,
        earlyMs: {
          type: 'integer',
          minimum: 0,
          maximum: 2_592_000_000,
          description:
            'How long it waits for its event when nothing live matches. Default 15 minutes; 0: it does not. An operator has to say whose key it is (`app`), or nothing is kept.',
        },
      },
    },
    about.byTrigger,
    about.byToken,
    about.byId,
  ],
} as const

const page = {
  after: { type: 'string', minLength: 1, maxLength: 200, description: '`itemsAfter` of the page before.' },
  limit: { type: 'integer', minimum: 1, maximum: 1000, description: 'Most items of the page. Default 1000.' },
} as const

export const previewRequestSchema = { type: 'object', oneOf: Object.values(named(page)) } as const

const text = { type: 'string' } as const
const textOrNull = { type: ['string', 'null'] } as const
const texts = { type: 'array', items: text } as const
const count = { type: 'integer' } as const

export const outcomes = [
  'prevented',
  'stopped',
  'too_late',
  'already_ended',
  'in_doubt',
  'kept',
  'already_cancelled',
  'stopping',
] as const

export const countsSchema = {
  $id: 'Counts',
  type: 'object',
  description: 'Items by outcome; total is their sum.',
  required: ['total', ...outcomes],
  properties: { total: count, ...Object.fromEntries(outcomes.map(outcome => [outcome, count])) },
} as const

const cameTo = {
  enum: ['cancelled', 'repeated', 'over', 'waiting', 'nothing'],
  description:
    'cancelled: something was called off. repeated: an earlier request again, with its receipt. over: all of it had ended or been called off before. waiting: kept for an event still to come. nothing: nobody has what it names.',
} as const

const ownerSchema = {
  type: 'object',
  description: 'Whose the name was by which it was called off.',
  required: ['app', 'site', 'agent', 'channel'],
  properties: { app: textOrNull, site: textOrNull, agent: textOrNull, channel: textOrNull },
} as const

export const cancelledViewSchema = {
  $id: 'Cancelled',
  type: 'object',
  required: ['receipt', 'receiptId', 'is', 'replayed', 'early', 'eventIds', 'counts'],
  properties: {
    receipt: text,
    receiptId: guid,
    is: cameTo,
    replayed: { type: 'boolean' },
    early: { type: 'boolean' },
    eventIds: texts,
    counts: { $ref: 'Counts#' },
    of: ownerSchema,
  },
} as const

export const cancelledListSchema = {
  $id: 'CancelledList',
  type: 'object',
  description:
    'Several have the name, each with a cancellation and a receipt of its own; or nobody has it, and nothing is kept.',
  required: ['receipts', 'is', 'replayed'],
  properties: {
    receipts: { type: 'array', items: { $ref: 'Cancelled#' } },
    is: cameTo,
    replayed: { type: 'boolean' },
  },
} as const

const itemSchema = {
  type: 'object',
  required: ['effectId', 'eventId', 'kind', 'title', 'outcome', 'ending', 'at', 'dueAt', 'evidence', 'next'],
  properties: {
    effectId: guid,
    eventId: guid,
    kind: text,
    title: text,
    outcome: { enum: outcomes },
    ending: textOrNull,
    at: textOrNull,
    dueAt: text,
    evidence: { type: ['object', 'null'] },
    next: texts,
    earlierReceipt: textOrNull,
  },
} as const

export const receiptViewSchema = {
  $id: 'Receipt',
  type: 'object',
  required: [
    'id',
    'link',
    'state',
    'cancelledAt',
    'by',
    'target',
    'events',
    'counts',
    'items',
    'innerSteps',
    'notices',
    'notes',
  ],
  properties: {
    id: guid,
    link: text,
    state: { enum: ['counting', 'open', 'final'] },
    cancelledAt: text,
    finalBy: text,
    by: {
      type: 'object',
      properties: { principal: text, api: { enum: ['graph', 'wix', 'cif', 'native'] }, name: text },
    },
    target: {
      type: 'object',
      properties: { kind: text, key: textOrNull, eventId: textOrNull, entity: text },
    },
    reason: textOrNull,
    correlationId: textOrNull,
    early: { type: ['object', 'null'], properties: { until: text, metEventIds: texts } },
    events: {
      type: 'array',
      items: { type: 'object', properties: { id: guid, kind: text, title: text, key: textOrNull } },
    },
    counts: { $ref: 'Counts#' },
    items: { type: 'array', items: itemSchema },
    itemsAfter: textOrNull,
    innerSteps: {
      type: 'array',
      description:
        'Waits and time limits: nobody outside notices them, so they are no items and not counted.',
      items: itemSchema,
    },
    notices: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          effectId: guid,
          kind: text,
          title: text,
          state: text,
          at: textOrNull,
          evidence: { type: ['object', 'null'] },
        },
      },
    },
    notes: {
      type: 'array',
      items: { type: 'object', properties: { at: text, effectId: guid, text } },
    },
    progress: { type: ['object', 'null'], properties: { marked: count } },
  },
} as const

const previewItemSchema = {
  type: 'object',
  required: ['effectId', 'eventId', 'kind', 'title', 'outcome', 'ending', 'dueAt'],
  properties: {
    effectId: guid,
    eventId: guid,
    kind: text,
    title: text,
    outcome: { enum: outcomes },
    ending: textOrNull,
    dueAt: text,
  },
} as const

export const previewViewSchema = {
  $id: 'Preview',
  type: 'object',
  required: ['eventIds', 'counts', 'items', 'innerSteps', 'itemsAfter'],
  properties: {
    eventIds: texts,
    counts: { $ref: 'Counts#' },
    items: {
      type: 'array',
      items: previewItemSchema,
    },
    innerSteps: {
      type: 'array',
      description:
        'Waits and time limits: nobody outside notices them, so they are no items and not counted.',
      items: previewItemSchema,
    },
    itemsAfter: textOrNull,
    of: ownerSchema,
  },
} as const

export const previewListSchema = {
  $id: 'PreviewList',
  type: 'object',
  description: 'Several have the name, or nobody.',
  required: ['previews'],
  properties: { previews: { type: 'array', items: { $ref: 'Preview#' } } },
} as const
