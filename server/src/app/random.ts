// The system's random bytes, fetched in large pieces: an id needs nine bytes, and every call of the system costs the same.

import { randomBytes } from 'node:crypto'
import type { Random } from '../core/ids.ts'

const POOL_BYTES = 8192

/** Cryptographically strong, whatever the size; no byte is given twice. */
export function systemRandom(): Random {
  let pool = randomBytes(POOL_BYTES)
  let used = 0
  return bytes => {
    if (bytes > POOL_BYTES) return randomBytes(bytes)
    if (used + bytes > POOL_BYTES) {
      // A new buffer, since callers may still read the parts of the old one.
      pool = randomBytes(POOL_BYTES)
      used = 0
    }
    used += bytes
    return pool.subarray(used - bytes, used)
  }
}
