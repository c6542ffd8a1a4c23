// Waiting for a receipt to be final.

import type { Receipt } from '../server/src/core/cancellation.ts'
import type { Engine } from '../server/src/engine/engine.ts'
import { TENANT } from './stand.ts'

/** Null when it is not final after `withinMs`. */
export async function finalReceipt(engine: Engine, id: string, withinMs: number): Promise<Receipt | null> {
  const receipt = await engine.receipt(TENANT, id, { waitMs: withinMs })
  if (receipt === null) throw new Error(`receipt ${id} is not there`)
  return receipt.state === 'final' ? receipt : null
}
