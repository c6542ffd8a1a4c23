// The Idempotency-Key header: it marks a request as the same one again (I5).

import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { JsonObject } from '../../core/json.ts'
import { type Principal, principalKey } from '../../core/principal.ts'
import { nativeFault } from './faults.ts'
import type { NativeEngine, Tx } from './native-engine.ts'

const MAX_KEY = 200

export const requestKeyHeaders = {
  type: 'object',
  properties: {
    'idempotency-key': {
      type: 'string',
      minLength: 1,
      maxLength: MAX_KEY,
      description: 'The same again, from the same caller: the same answer, and nothing is done twice.',
    },
    'client-request-id': {
      type: 'string',
      minLength: 1,
      maxLength: MAX_KEY,
      description: 'Same as idempotency-key.',
    },
  },
} as const

export function requestKeyOf(request: FastifyRequest): string | null {
  const { 'idempotency-key': key, 'client-request-id': id } = request.headers
  const value = key ?? id
  return typeof value === 'string' ? value : null
}

export type ClaimedKey = {
  /** The answer that was kept for the same request; null: this is the first one, or the first was not answered. */
  readonly answered: JsonObject | null
  /** Keeps the answer for the same request, should it come again. */
  answer(tx: Tx, answer: JsonObject): Promise<void>
}

/**
 * Claims the request's key for this request; null when it has no key. `requested`: the call with everything in it that matters.
 * @throws Fault REQUEST_KEY_REUSED when the key stands for something else, naming the receipt if that was a cancel
 */
export async function claimKey(
  engine: Pick<NativeEngine, 'claimRequestKey' | 'answerRequestKey'>,
  tx: Tx,
  request: FastifyRequest,
  caller: Principal,
  requested: unknown,
): Promise<ClaimedKey | null> {
  const key = requestKeyOf(request)
  if (key === null) return null
  const of = { tenant: caller.tenant, caller: principalKey(caller), key }
  const claim = await engine.claimRequestKey(tx, of, fingerprint(requested))
  if (claim.is === 'other') throw nativeFault.REQUEST_KEY_REUSED({ receipt: claim.answer?.receipt ?? null })
  return {
    answered: claim.is === 'same' ? claim.answer : null,
    answer: (inTx, answer) => engine.answerRequestKey(inTx, of, answer),
  }
}

/** The same text for the same JSON, whatever the order of its keys. */
function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value, ordered)).digest('base64')
}

function ordered(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
