// Native API: trying dead actions again, many at once, or replacing one.

import { type EffectRequest, effectRequestSchema } from './event.ts'

/** Which of the tenant's dead actions: all that match every given field. */
export type RetrySomeRequest = {
  /** 'webhook' (calls and withdrawals), 'mail', or a kind as it is shown. */
  readonly kind?: string
  /** For a webhook the host, or host and port; for a mail the address, or its domain. */
  readonly receiver?: string
  readonly eventId?: string
  /** Instants of the tenant's clock, RFC 3339: died at or after, and before. */
  readonly diedAfter?: string
  readonly diedBefore?: string
  /** The beginning of its error. */
  readonly error?: string
  /** How many to try again in this call, 1 to 100. Default 100. */
  readonly most?: number
  /** `after` of the batch before. */
  readonly after?: string
}

export type RetrySomeView = {
  readonly retried: number
  /** Their events were called off, so they stay as they are. */
  readonly calledOff: number
  /** Their events were locked by another request. They can be tried again later. */
  readonly busy: number
  /** How many are left to look at. 10,000 stands for 10,000 or more. */
  readonly remaining: number
  /** For the next batch; null on the last one. */
  readonly after: string | null
}

/** The changed action, of the same kind, with one recipient. */
export type ReplaceRequest = { readonly effect: EffectRequest }

export const retrySomeRequestSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    kind: {
      type: 'string',
      maxLength: 100,
      pattern: '^[a-z][a-z.-]*$',
      description: 'webhook (calls and withdrawals), mail, or a kind as it is shown.',
    },
    receiver: {
      type: 'string',
      minLength: 1,
      maxLength: 300,
      description: 'Of a webhook the host, or host:port; of a mail the address, or its domain.',
    },
    eventId: { type: 'string', format: 'uuid' },
    diedAfter: { type: 'string', format: 'date-time', description: 'Died then or later.' },
    diedBefore: { type: 'string', format: 'date-time' },
    error: { type: 'string', minLength: 1, maxLength: 200, description: 'How its error begins.' },
    most: { type: 'integer', minimum: 1, maximum: 100, description: 'At once. Default 100.' },
    after: { type: 'string', maxLength: 400, description: 'From the batch before.' },
  },
} as const

export const replaceRequestSchema = {
  type: 'object',
  required: ['effect'],
  additionalProperties: false,
  properties: { effect: effectRequestSchema },
} as const

const count = { type: 'integer', minimum: 0 } as const

export const retrySomeViewSchema = {
  $id: 'RetriedSome',
  type: 'object',
  required: ['retried', 'calledOff', 'busy', 'remaining', 'after'],
  properties: {
    retried: count,
    calledOff: count,
    busy: count,
    remaining: count,
    after: { type: ['string', 'null'] },
  },
} as const
