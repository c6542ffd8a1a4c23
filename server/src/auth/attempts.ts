// Slows down whoever guesses secrets and sign-in links. Failures are counted in three leaky buckets: by claimed client and address
// together, by address, and by claimed client. A full bucket refuses an attempt before the secret is checked, so also a right one.
// Nobody must be locked out by the failures of others: a client that succeeded from an address recently is checked against the first
// bucket only.

export type Attempt = {
  /** The client id that is claimed, or what is tried: `link`. */
  readonly client: string
  readonly address: string
}

type AttemptLimits = {
  readonly ofPair: number
  readonly ofAddress: number
  readonly ofClient: number
}

/** How many failures fill a bucket. A full bucket empties evenly within a minute. */
export const ATTEMPT_LIMITS: AttemptLimits = { ofPair: 10, ofAddress: 60, ofClient: 120 }
const EMPTIES_IN_MS = 60_000
/** The number of buckets and pairs that are remembered: the least recently used ones are dropped. */
const MAX_REMEMBERED = 10_000
const GOOD_FOR_MS = 86_400_000

type Bucket = { readonly level: number; readonly atMs: number }

export class Attempts {
  readonly #now: () => Date
  readonly #limits: AttemptLimits
  readonly #buckets = new Map<string, Bucket>()
  readonly #good = new Map<string, number>()

  constructor(now: () => Date, limits: AttemptLimits = ATTEMPT_LIMITS) {
    this.#now = now
    this.#limits = limits
  }

  /** How many buckets and pairs are remembered. */
  get remembered(): number {
    return this.#buckets.size + this.#good.size
  }

  /** Null: the attempt is allowed. Otherwise the seconds after which another attempt may be made. */
  waitSeconds(attempt: Attempt): number | null {
    const nowMs = this.#now().getTime()
    const goodUntil = this.#good.get(pairOf(attempt)) ?? 0
    const buckets = this.#bucketsOf(attempt).slice(0, goodUntil > nowMs ? 1 : undefined)
    const waits = buckets.map(({ key, limit }) => {
      const over = this.#level(key, limit, nowMs) - (limit - 1)
      return over <= 0 ? 0 : Math.ceil((over * EMPTIES_IN_MS) / limit / 1000)
    })
    const longest = waits.reduce((longestSoFar, each) => Math.max(longestSoFar, each), 0)
    return longest === 0 ? null : longest
  }

  failed(attempt: Attempt): void {
    const nowMs = this.#now().getTime()
    for (const { key, limit } of this.#bucketsOf(attempt))
      put(this.#buckets, key, { level: this.#level(key, limit, nowMs) + 1, atMs: nowMs })
  }

  succeeded(attempt: Attempt): void {
    const pair = pairOf(attempt)
    this.#buckets.delete(pair)
    put(this.#good, pair, this.#now().getTime() + GOOD_FOR_MS)
  }

  /** The pair's bucket is the first. */
  #bucketsOf(attempt: Attempt): readonly { readonly key: string; readonly limit: number }[] {
    const { ofPair, ofAddress, ofClient } = this.#limits
    return [
      { key: pairOf(attempt), limit: ofPair },
      { key: `from ${networkOf(attempt.address)}`, limit: ofAddress },
      { key: `as ${keyOf(attempt.client)}`, limit: ofClient },
    ]
  }

  #level(key: string, limit: number, nowMs: number): number {
    const bucket = this.#buckets.get(key)
    if (!bucket) return 0
    return Math.max(0, bucket.level - (Math.max(0, nowMs - bucket.atMs) / EMPTIES_IN_MS) * limit)
  }
}

function put<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > MAX_REMEMBERED) map.delete(map.keys().next().value!)
}

function pairOf({ client, address }: Attempt): string {
  return `${keyOf(client)} from ${networkOf(address)}`
}

/** Client ids are GUIDs, so a longer text is no client's and may be cut. */
function keyOf(client: string): string {
  return client.slice(0, 40).toLowerCase()
}

/** The IPv4 address, or the /64 network: whoever has one IPv6 address has all 2^64 of its network. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped) return mapped[1]!
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  const groups = [...left, ...zeros, ...right]
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
  return `${groups.join(':')}::/64`
}
