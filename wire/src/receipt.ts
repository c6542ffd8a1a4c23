// Native API: the receipt that says what a cancel did.

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
  /** Titles of the steps after it, which will not be reached now. */
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
  /** 'counting': a huge tree is still being written down; 'open': something is stopping; 'final': the receipt will not change. */
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
  /** Waits and time limits of this page. Nobody outside notices them, so they are not items and are not counted. */
  readonly innerSteps: readonly ReceiptItemView[]
  readonly notices: readonly ReceiptNoticeView[]
  readonly notes: readonly { readonly at: string; readonly effectId: string; readonly text: string }[]
  readonly progress: { readonly marked: number } | null
}

const guid = { type: 'string', format: 'uuid' } as const
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
