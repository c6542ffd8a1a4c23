// Native API: dead actions that are tried again, many at once, or replaced.

import { type EffectRequest, effectRequestSchema } from './event.ts'

/** Which of the tenant's dead actions: all that fit everything that is said. */
export type RetrySomeRequest = {
  /** 'webhook' (calls and withdrawals), 'mail', or a kind as it is shown. */
  readonly kind?: string
  /** Of a webhook host, or host and port; of a mail the address, or its domain. */
  readonly receiver?: string
  readonly eventId?: string
  /** Instants of the tenant's clock, RFC 3339: died at or after, and before. */
  readonly diedAfter?: string
  readonly diedBefore?: string
  /** How its error begins. */
  readonly error?: string
  /** Tried again by this call, 1 to 100. Default 100. */
  readonly most?: number
  /** From the batch before. */
  readonly after?: string
}

export type RetrySomeView = {
  readonly retried: number
  /** Their events were called off: they stay as they are. */
  readonly calledOff: number
  /** Somebody was at their events just then: for another time. */
  readonly busy: number
  /** Still to be looked at; 10,000 and more are about 10,000. */
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
