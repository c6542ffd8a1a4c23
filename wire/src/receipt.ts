// Native API: calling something off, and the receipt that says what that did.

import { eventIdSchema } from './event.ts'

export type CancelByKey = {
  readonly key: string
  readonly entity?: string
  readonly reason?: string
  readonly correlationId?: string
  /** How long it waits for its event when nothing live matches, ms. Default 900,000 (15 min); 0: it does not. */
  readonly earlyMs?: number
}

export type CancelById = {
  readonly eventId: string
  readonly reason?: string
  readonly correlationId?: string
}

export type CancellationRequest = CancelByKey | CancelById

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

/** Answer to a cancel: 201, or 200 when it is the receipt of an earlier, same request. */
export type CancelledView = {
  readonly receipt: string
  readonly receiptId: string
  readonly replayed: boolean
  readonly early: boolean
  /** At most 1,000. */
  readonly eventIds: readonly string[]
  readonly counts: OutcomeCounts
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
export type PreviewRequestBody = (
  | { readonly key: string; readonly entity?: string }
  | { readonly eventId: string }
) & { readonly after?: string; readonly limit?: number }

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
}

const guid = { type: 'string', format: 'uuid' } as const
const shortText = { type: 'string', minLength: 1, maxLength: 200 } as const
const reason = { type: 'string', maxLength: 10_000, description: 'Free text, passed on to people.' } as const

export const cancelBodySchema = {
  type: 'object',
  additionalProperties: false,
  properties: { reason, correlationId: shortText },
} as const

export const cancellationRequestSchema = {
  type: 'object',
  oneOf: [
    {
      title: 'by key',
      required: ['key'],
      additionalProperties: false,
      properties: {
        key: shortText,
        entity: shortText,
        reason,
        correlationId: shortText,
        earlyMs: {
          type: 'integer',
          minimum: 0,
          maximum: 2_592_000_000,
          description:
            'How long it waits for its event when nothing live matches. Default 15 minutes; 0: it does not.',
        },
      },
    },
    {
      title: 'by id',
      required: ['eventId'],
      additionalProperties: false,
      properties: { eventId: eventIdSchema, reason, correlationId: shortText },
    },
  ],
} as const

const page = {
  after: { type: 'string', minLength: 1, maxLength: 200, description: '`itemsAfter` of the page before.' },
  limit: { type: 'integer', minimum: 1, maximum: 1000, description: 'Most items of the page. Default 1000.' },
} as const

export const previewRequestSchema = {
  type: 'object',
  oneOf: [
    {
      title: 'by key',
      required: ['key'],
      additionalProperties: false,
      properties: { key: shortText, entity: shortText, ...page },
    },
    {
      title: 'by id',
      required: ['eventId'],
      additionalProperties: false,
      properties: { eventId: eventIdSchema, ...page },
    },
  ],
} as const

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

export const cancelledViewSchema = {
  $id: 'Cancelled',
  type: 'object',
  required: ['receipt', 'receiptId', 'replayed', 'early', 'eventIds', 'counts'],
  properties: {
    receipt: text,
    receiptId: guid,
    replayed: { type: 'boolean' },
    early: { type: 'boolean' },
    eventIds: texts,
    counts: { $ref: 'Counts#' },
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
  },
} as const
