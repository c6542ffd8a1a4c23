// Schemas of the requests that read-requests.ts accepts, with their limits, and of the answers; and the description made from them.

import { EVENT_ID } from '../../../../wire/src/event-id.ts'
import { OpenApi } from '../../http/openapi.ts'
import { BULK_SIZE, HEADER_LENGTH, IDEMPOTENCY_KEY_LENGTH, KEY_LENGTH } from './read-requests.ts'

export const AUTOMATIONS_OPENAPI = '/automations/v1/openapi.json'

const triggerKey = { type: 'string', minLength: 1, maxLength: KEY_LENGTH } as const
const guid = { type: 'string', format: 'uuid' } as const
const object = { type: 'object', additionalProperties: true } as const
const guids = { type: 'array', items: guid } as const

const eventInfo = {
  payload: { type: ['object', 'null'], description: 'What the automations read.' },
  externalEntityId: { type: ['string', 'null'], format: 'uuid', description: 'What it is cancelled by.' },
  idempotency: {
    type: ['object', 'null'],
    required: ['key'],
    properties: {
      key: { type: 'string', minLength: 1, maxLength: IDEMPOTENCY_KEY_LENGTH },
      ttlInMilliseconds: {
        type: ['string', 'integer', 'null'],
        pattern: '^\\d{1,19}$',
        minimum: 1,
        description: 'An int64 of at least 1, as a text or as a number.',
      },
    },
  },
} as const

const ofSite = {
  'wix-site-id': { type: 'string', description: 'The site, for an API key.' },
} as const
const reporting = {
  properties: {
    ...ofSite,
    'Standdown-Parent': {
      type: 'string',
      pattern: `^${EVENT_ID}(?:[ \\t]*;[ \\t]*link[ \\t]*=[ \\t]*(cancel|keep))?$`,
      description: 'What the events hang from; `; link=keep` to outlive it.',
    },
  },
} as const
const cancelling = {
  properties: {
    ...ofSite,
    'Idempotency-Key': {
      type: 'string',
      minLength: 1,
      maxLength: HEADER_LENGTH,
      pattern: '^[\\x20-\\x7e]+$',
    },
  },
} as const

const itemMetadata = {
  type: 'object',
  required: ['originalIndex', 'success'],
  properties: {
    id: { type: 'string' },
    originalIndex: { type: 'integer' },
    success: { type: 'boolean' },
    error: { $ref: 'ApplicationError#' },
  },
} as const

const bulkSchema = {
  $id: 'BulkAnswer',
  type: 'object',
  required: ['triggerKey', 'results', 'bulkActionMetadata'],
  properties: {
    triggerKey: { type: 'string' },
    results: {
      type: 'array',
      items: {
        type: 'object',
        required: ['itemMetadata'],
        properties: {
          itemMetadata,
          eventInfo: object,
          activationIds: guids,
          externalEntityId: guid,
        },
      },
    },
    bulkActionMetadata: {
      type: 'object',
      required: ['totalSuccesses', 'totalFailures', 'undetailedFailures'],
      properties: {
        totalSuccesses: { type: 'integer' },
        totalFailures: { type: 'integer' },
        undetailedFailures: { type: 'integer' },
      },
    },
  },
} as const

const applicationErrorSchema = {
  $id: 'ApplicationError',
  type: 'object',
  required: ['code', 'description', 'data'],
  properties: { code: { type: 'string' }, description: { type: 'string' }, data: object },
} as const

const errorSchema = {
  $id: 'Error',
  type: 'object',
  required: ['message', 'details'],
  properties: {
    message: { type: 'string' },
    details: {
      type: 'object',
      properties: {
        applicationError: { $ref: 'ApplicationError#' },
        validationError: {
          type: 'object',
          required: ['fieldViolations'],
          properties: {
            fieldViolations: {
              type: 'array',
              items: {
                type: 'object',
                required: ['field', 'violatedRule', 'description'],
                properties: {
                  field: { type: 'string' },
                  violatedRule: { type: 'string' },
                  description: { type: 'string' },
                  data: object,
                },
              },
            },
          },
        },
      },
    },
  },
} as const

export const SCHEMAS = {
  report: {
    summary: 'Report that something happened: the automations of its trigger begin.',
    headers: reporting,
    body: { type: 'object', required: ['triggerKey'], properties: { triggerKey, ...eventInfo } },
    response: { 200: { type: 'object', required: ['activationIds'], properties: { activationIds: guids } } },
  },
  bulkReport: {
    summary: 'Report up to 100 events of a trigger. What is wrong with one fails that one alone.',
    headers: reporting,
    body: {
      type: 'object',
      required: ['triggerKey', 'eventsInfo'],
      properties: {
        triggerKey,
        eventsInfo: {
          type: 'array',
          minItems: 1,
          maxItems: BULK_SIZE,
          items: { type: 'object', properties: eventInfo },
        },
      },
    },
    response: { 200: { $ref: 'BulkAnswer#' } },
  },
  cancel: {
    summary: 'Call off what was reported with this entity. The header Standdown-Receipt names the receipt.',
    headers: cancelling,
    body: {
      type: 'object',
      required: ['triggerKey', 'externalEntityId'],
      properties: { triggerKey, externalEntityId: guid },
    },
    response: { 200: object },
  },
  bulkCancel: {
    summary: 'Call off what was reported with up to 100 entities.',
    headers: cancelling,
    body: {
      type: 'object',
      required: ['triggerKey', 'externalEntityIds'],
      properties: { triggerKey, externalEntityIds: { ...guids, minItems: 1, maxItems: BULK_SIZE } },
    },
    response: { 200: { $ref: 'BulkAnswer#' } },
  },
} as const

export function automationsOpenApi(): OpenApi {
  return new OpenApi({
    title: 'Standdown, Wix Automations triggered events',
    description: 'The four calls, at each path that clients of Wix use. docs/automations.md has the rest.',
    version: 'v1',
    shapes: [bulkSchema, applicationErrorSchema, errorSchema],
    error: { type: 'application/json', shape: 'Error' },
    securitySchemes: {
      token: {
        type: 'apiKey',
        in: 'header',
        name: 'Authorization',
        description: 'The token alone, as clients of Wix send it.',
      },
    },
  })
}
