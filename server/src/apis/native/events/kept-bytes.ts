// Limits how much one request may store. A mail to many addresses is one effect for each, with a copy of the text. So without this limit
// a body of one megabyte could become a hundred megabytes.

import type { NewEffect } from '../../../core/effects/effect.ts'
import { nativeFault } from '../faults.ts'

/** Characters of the data of all effects of one request together. */
export const MAX_KEPT = 5_000_000

/** Returns the effects unchanged. @throws Fault TOO_MUCH_TO_KEEP (413) */
export function withinKept(effects: readonly NewEffect[]): readonly NewEffect[] {
  let kept = 0
  for (const { data } of effects) {
    kept += JSON.stringify(data).length
    if (kept > MAX_KEPT) throw nativeFault.TOO_MUCH_TO_KEEP({ most: MAX_KEPT })
  }
  return effects
}
