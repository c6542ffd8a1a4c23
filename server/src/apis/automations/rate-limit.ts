// Wix's general limit: 200 requests a minute per app instance (Wix, "Rate Limits"), off unless the tenant wants it. A
// bucket that fills evenly, in this process: several processes give an app that much each.

import type { CallingApp } from '../../automations/needs.ts'
import { faults } from '../../core/fault.ts'

export const REQUESTS_PER_MINUTE = 200
const MS_PER_REQUEST = 60_000 / REQUESTS_PER_MINUTE
/** Buckets kept; full ones go first, because a new one would be full as well. */
const MOST_BUCKETS = 10_000

export type RateLimitNeeds = {
  /** Whether the tenant keeps Wix's limit. */
  readonly keeps: (tenant: string) => Promise<boolean>
  readonly now: () => Date
}

const fault = faults({
  TOO_MANY_REQUESTS: { status: 429, message: 'The app has made more than 200 requests in a minute.' },
})

export class RateLimit {
  readonly #needs: RateLimitNeeds
  // When each bucket will be full again, in milliseconds: all that a bucket is.
  readonly #fullAt = new Map<string, number>()

  constructor(needs: RateLimitNeeds) {
    this.#needs = needs
  }

  /** Takes one request out of the app's bucket. Throws TOO_MANY_REQUESTS (429) when it is empty. */
  async take({ tenant, appId, site }: CallingApp): Promise<void> {
    if (!(await this.#needs.keeps(tenant))) return
    const name = `${tenant}\n${appId}\n${site}`
    const now = this.#needs.now().getTime()
    const fullAt = Math.max(this.#fullAt.get(name) ?? 0, now) + MS_PER_REQUEST
    if (fullAt - now > 60_000) throw fault.TOO_MANY_REQUESTS()
    this.#fullAt.set(name, fullAt)
    if (this.#fullAt.size > MOST_BUCKETS) this.#sweep(now)
  }

  #sweep(now: number): void {
    for (const [name, fullAt] of this.#fullAt) if (fullAt <= now) this.#fullAt.delete(name)
  }
}
