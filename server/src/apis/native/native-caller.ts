// The caller of a cancel, as its receipt names it.

import type { Caller } from '../../core/cancellation.ts'
import { type Principal, principalKey } from '../../core/principal.ts'

export function nativeCaller(principal: Principal): Caller {
  return { principal: principalKey(principal), api: 'native', name: principal.name }
}
