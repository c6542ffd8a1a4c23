// Wix's general limit: 200 requests a minute for each app instance (Wix, "Rate Limits"). It is off unless the tenant turns it on. The
// bucket fills evenly, and is kept by each process: with several processes an app gets that much from each.

import type { CallingApp } from '../../automations/needs.ts'
import { fault } from './faults.ts'

export const REQUESTS_PER_MINUTE = 200
const MS_PER_REQUEST = 60_000 / REQUESTS_PER_MINUTE
/** Beyond this many buckets the full ones are deleted: a new bucket is full as well. */
const MAX_BUCKETS = 10_000

export type RateLimitNeeds = {
  /** Whether the tenant keeps Wix's limit. */
  readonly keeps: (tenant: string) => Promise<boolean>
  readonly now: () => Date
}

export class RateLimit {
  readonly #needs: RateLimitNeeds
  // For each bucket only the time when it will be full again, in milliseconds.
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
    if (this.#fullAt.size > MAX_BUCKETS) this.#sweep(now)
  }

  #sweep(now: number): void {
    for (const [name, fullAt] of this.#fullAt) if (fullAt <= now) this.#fullAt.delete(name)
  }
}
