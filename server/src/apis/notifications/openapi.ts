// The schemas of the notifications' calls, and the OpenAPI description that is made of them and of the routes' own schemas.

import { problemSchema } from '../../../../wire/src/problem.ts'
import { BEARER, OpenApi } from '../../http/openapi.ts'

const text = { type: 'string' } as const
const textOrNull = { type: ['string', 'null'] } as const
const cameTo = { enum: ['cancelled', 'repeated', 'over', 'waiting', 'nothing'] } as const

const offerSchema = {
  $id: 'Offer',
  type: 'object',
  required: ['id', 'channel', 'cancellationTokens', 'templateName', 'title', 'state', 'arrivedAt', 'result'],
  properties: {
    id: { type: 'string', format: 'uuid' },
    channel: text,
    cancellationTokens: { type: 'array', items: text },
    correlationId: textOrNull,
    templateName: text,
    title: text,
    state: { enum: ['arriving', 'queued', 'displayed', 'ended'] },
    arrivedAt: text,
    displayedAt: textOrNull,
    deadline: { ...textOrNull, description: 'When its time is up as it stands; null once it has ended.' },
    result: {
      type: ['object', 'null'],
      required: ['actionName', 'responseReason'],
      properties: { actionName: { enum: ['Accept', 'Reject', 'Timeout', 'Cancel'] }, responseReason: text },
    },
    endedBy: textOrNull,
    notes: {
      type: 'array',
      items: text,
      description: 'Where it is raised: sentences that say what of the request was not used.',
    },
  },
} as const

const screenSchema = {
  $id: 'Screen',
  type: 'object',
  required: ['now', 'displayed', 'card', 'waiting', 'openIds', 'ended'],
  properties: {
    now: text,
    displayed: { oneOf: [{ $ref: 'Offer#' }, { type: 'null' }] },
    card: { ...textOrNull, description: 'The displayed offer as the desktop shows it.' },
    waiting: { type: 'integer' },
    openIds: { type: 'array', items: text },
    ended: { type: 'array', items: { $ref: 'Offer#' } },
  },
} as const

const cancelledOfferSchema = {
  $id: 'CancelledOffer',
  type: 'object',
  required: ['cancellationToken', 'receiptId', 'is'],
  properties: { cancellationToken: text, receiptId: text, is: cameTo, agent: text },
} as const

const cancelledOffersSchema = {
  $id: 'CancelledOffers',
  type: 'object',
  required: ['cancellationToken', 'receipts', 'is'],
  properties: {
    cancellationToken: text,
    receipts: { type: 'array', items: { $ref: 'CancelledOffer#' } },
    is: cameTo,
  },
} as const

export const NOTIFICATIONS_PREFIX = '/api/v1/notifications'
export const NOTIFICATIONS_OPENAPI = `${NOTIFICATIONS_PREFIX}/openapi.json`

export function notificationsOpenApi(): OpenApi {
  return new OpenApi({
    title: 'Standdown, notifications for agents',
    description:
      'Behind Microsoft.CIFramework, whose script calls them: offers are raised, answered, looked at and called off. A browser in which the agent is signed in needs no token. docs/notifications.md has the rest.',
    version: 'v1',
    shapes: [offerSchema, screenSchema, cancelledOfferSchema, cancelledOffersSchema, problemSchema],
    error: { type: 'application/problem+json', shape: 'Problem' },
    securitySchemes: BEARER,
  })
}
