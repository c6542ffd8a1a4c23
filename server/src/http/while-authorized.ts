// An answer that takes long, a stream or a wait, ends with the right to it: who has signed out, was revoked, removed or lost
// a role meanwhile, or whose token has expired, is told nothing more.

import { faultOf } from './fault-of.ts'

/** Asked again this often; the answer is mostly at hand (auth's caches), so many may ask. */
const EVERY_MS = 1000
/** A right that cannot be looked up is believed this long, as long as a revocation takes to reach another process. */
const BELIEVED_MS = 5000

export type Allowed = {
  /** Aborts when the right is gone; its reason is the error that says so. */
  readonly signal: AbortSignal
  /** To be called when the answer is over. */
  stop(): void
}

/** `ask` throws when the right is gone. */
export function whileAllowed(ask: () => Promise<unknown>): Allowed {
  const gone = new AbortController()
  let asking = false
  let knownAtMs = performance.now()
  const again = async () => {
    if (asking) return
    asking = true
    try {
      await ask()
      knownAtMs = performance.now()
    } catch (error) {
      const isRefusal = faultOf(error).status < 500
      if (isRefusal || performance.now() - knownAtMs > BELIEVED_MS) {
        clearInterval(timer)
        gone.abort(error)
      }
    }
    asking = false
  }
  const timer = setInterval(again, EVERY_MS)
  return { signal: gone.signal, stop: () => clearInterval(timer) }
}
