// Parts that the schemas of several routes share.

import { eventIdSchema } from '@standdown/wire/src/event-id.ts'

export const idParams = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'string', format: 'uuid' } },
} as const

export const eventIdParams = {
  type: 'object',
  required: ['id'],
  properties: { id: eventIdSchema },
} as const

export const mailIdParams = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'string', minLength: 1, maxLength: 200 } },
} as const

/** An answer with a schema of the wire. Every call may also answer with a Problem. */
export function response(
  shape: string,
  status = 200,
): { readonly [status: number]: { readonly $ref: string } } {
  return { [status]: { $ref: `${shape}#` } }
}

/** Answers 204. */
export const nothing = { 204: { type: 'null' } } as const

/** An answer that is a list: `{ value: […] }`. */
export function listResponse(shape: string): { readonly 200: object } {
  return {
    200: {
      type: 'object',
      required: ['value'],
      properties: { value: { type: 'array', items: { $ref: `${shape}#` } } },
    },
  }
}
