// A caller may wait for a receipt to become final.

import type { Receipt } from '../../core/cancellation.ts'
import { isGuid } from '../../core/ids.ts'
import type { Context } from '../context.ts'
import { readReceipt, receiptWait } from './read-receipt.ts'

export type ReceiptWait = {
  /** Only items after this effect id: the next page. */
  readonly after?: string
  /** How long to wait at most for the receipt to be final. After that it is read as it is. */
  readonly waitMs?: number
  readonly signal?: AbortSignal
}

export async function waitForReceipt(
  context: Context,
  tenant: string,
  id: string,
  options: ReceiptWait,
): Promise<Receipt | null> {
  if (!isGuid(id)) return null
  const until = performance.now() + (options.waitMs ?? 0)
  for (;;) {
    const wait = await receiptWait(context, tenant, id)
    if (wait === null) return null
    const left = until - performance.now()
    if (wait.final || left <= 0 || options.signal?.aborted) break
    // Any process may write an end, so the receipt is read again and again. That needs no hint.
    await new Promise(resolve => setTimeout(resolve, Math.min(left, 100)))
  }
  return await readReceipt(context, tenant, id, options.after)
}
