// Native API: what a cancel would do if it came now.

import { type CancelBy, type NameOwner, namedBy, nameOwnerSchema } from './cancellation.ts'
import { type OutcomeCounts, outcomes } from './receipt.ts'

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

/** One page of what a cancel would do if it came now. A preview changes nothing. */
export type PreviewView = {
  /** Events of this page that would be called off. */
  readonly eventIds: readonly string[]
  /** Counts of the items of this page only. */
  readonly counts: OutcomeCounts
  readonly items: readonly PreviewItemView[]
  /** Waits and time limits of this page. Nobody outside notices them, so they are not items and are not counted. */
  readonly innerSteps: readonly PreviewItemView[]
  /** Pass it as `after` for the next items; null on the last page. A page with few items may still have a next page. */
  readonly itemsAfter: string | null
  /** Left out when the request named one event by its id. */
  readonly of?: NameOwner
}

/** Answer to a preview by a name that several owners have, or none. The pages share the limit; each has its own `itemsAfter`. */
export type PreviewListView = { readonly previews: readonly PreviewView[] }

const guid = { type: 'string', format: 'uuid' } as const
const text = { type: 'string' } as const
const textOrNull = { type: ['string', 'null'] } as const
const texts = { type: 'array', items: text } as const

const page = {
  after: { type: 'string', minLength: 1, maxLength: 200, description: '`itemsAfter` of the page before.' },
  limit: { type: 'integer', minimum: 1, maximum: 1000, description: 'Most items of the page. Default 1000.' },
} as const

export const previewRequestSchema = { type: 'object', oneOf: Object.values(namedBy(page)) } as const

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
    of: nameOwnerSchema,
  },
} as const

export const previewListSchema = {
  $id: 'PreviewList',
  type: 'object',
  description: 'Several have the name, or nobody.',
  required: ['previews'],
  properties: { previews: { type: 'array', items: { $ref: 'Preview#' } } },
} as const
