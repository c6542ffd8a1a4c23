// Ends a long response (a stream or a wait) when its caller loses the right to it: by signing out, a revocation, a removal, the
// loss of a role, or an expired token.

import { faultOf } from './fault-of.ts'

/** How often the right is checked. Most checks are answered from auth's caches, so many responses may check. */
const EVERY_MS = 1000
/** While the right cannot be looked up, the last result counts this long: as long as a revocation takes to reach another process. */
const BELIEVED_MS = 5000

export type Authorized = {
  /** Aborts when the right is lost; its reason is the error of that check. */
  readonly signal: AbortSignal
  /** Call it when the response has ended. */
  stop(): void
}

/** `ask` checks the right, and throws when it is lost. */
export function whileAuthorized(ask: () => Promise<unknown>): Authorized {
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
