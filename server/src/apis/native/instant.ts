// Instants that callers write.

import { readInstant } from '../../core/instant.ts'
import { nativeFault } from './faults.ts'

/** @throws Fault BAD_INSTANT */
export function instantOf(text: string): Date {
  const at = readInstant(text)
  if (!at || at.getUTCFullYear() < 1970) throw nativeFault.BAD_INSTANT({ value: text.slice(0, 100) })
  return at
}
