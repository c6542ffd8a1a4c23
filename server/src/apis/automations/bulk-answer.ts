// The answer of a bulk call: one result for each item, with its index in the request, and the totals. Partial success is 200.

import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { applicationError } from './wix-error.ts'

export type ItemResult = { readonly id?: string; readonly error: Error | null; readonly item: JsonObject }

export function bulkAnswer(triggerKey: string, results: readonly ItemResult[]): JsonObject {
  const failures = results.filter(result => result.error !== null).length
  return {
    triggerKey,
    results: results.map(({ id, error, item }, originalIndex) => ({
      itemMetadata: {
        ...(id === undefined ? {} : { id }),
        originalIndex,
        success: error === null,
        ...(error === null ? {} : { error: itemError(error) }),
      },
      ...item,
    })),
    bulkActionMetadata: {
      totalSuccesses: results.length - failures,
      totalFailures: failures,
      undetailedFailures: 0,
    },
  }
}

function itemError(error: Error): JsonObject {
  if (error instanceof Fault && error.status < 500) return applicationError(error)
  return {
    code: 'UNAVAILABLE',
    description: 'This item could not be taken right now; try it again.',
    data: {},
  }
}
