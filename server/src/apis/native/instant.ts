// Instants that callers write.

import { nativeFault } from './native-faults.ts'

/** @throws Fault BAD_INSTANT */
export function instantOf(text: string): Date {
  const at = new Date(text)
  const year = at.getUTCFullYear()
  if (Number.isNaN(at.getTime()) || year < 1970 || year > 9999) throw nativeFault.BAD_INSTANT({ value: text })
  return at
}
