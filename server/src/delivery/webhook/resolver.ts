// Finds the addresses of a receiver's name, within a time limit. The system's own look-up has no time-out, and shares four threads
// with everything that reads files. So names whose DNS server does not answer would stop every call of the process. Here each tenant
// has a resolver of its own, which uses no thread and learns about slow servers only from its own queries.
//
//   in the hosts file ──────────────────────────> the system's look-up
//   asked of DNS ── addresses ──────────────────> those
//                ── no such name, or no DNS ────> the system's look-up: it knows search lists and other sources
//                ── no answer in time, failure ─> rejected
//
// Few look-ups use the system at once. Waiting for one of these has the same time limit as DNS.

import { Resolver, lookup as systemLookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { coalesce } from '../../core/coalesce.ts'

/** The addresses of a host name, best first. Rejects when it has none, or none is known in time. */
export type Lookup = (host: string, tenant: string) => Promise<readonly string[]>

export type ResolverOptions = {
  /** For one name, ms. Default 2,000. */
  readonly timeoutMs?: number
  /** DNS servers, 'address:port'. Default: those of the system. */
  readonly servers?: readonly string[]
  /** Default: where this system keeps it. */
  readonly hostsFile?: string
}

/** Tenants whose resolver is kept; another one's is made anew. */
const MAX_RESOLVERS = 1000
/** Of the four threads that all of Node shares. */
const MAX_SYSTEM_LOOKUPS = 2
const HOSTS_FILE = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts'
/** Answers that come at once: no such name here, or no DNS server. Others say that it could not be found out. */
const ASK_SYSTEM = new Set(['ENOTFOUND', 'ENODATA', 'ECONNREFUSED'])

export function createLookup(options: ResolverOptions = {}): Lookup {
  const { timeoutMs = 2000, servers, hostsFile = HOSTS_FILE } = options
  const resolvers = new Map<string, Resolver>()
  const lookups = new Semaphore(MAX_SYSTEM_LOOKUPS)

  function resolverOf(tenant: string): Resolver {
    const known = resolvers.get(tenant)
    // Deleted and inserted again, so that the first entry of the map is always the least recently used one.
    resolvers.delete(tenant)
    const resolver = known ?? new Resolver({ timeout: timeoutMs / 2, tries: 2 })
    if (!known && servers) resolver.setServers(servers)
    resolvers.set(tenant, resolver)
    for (const oldest of resolvers.keys()) {
      if (resolvers.size <= MAX_RESOLVERS) break
      resolvers.delete(oldest)
    }
    return resolver
  }

  async function askSystem(host: string, signal: AbortSignal): Promise<readonly string[]> {
    return await lookups.take(signal, async () =>
      (await systemLookup(host, { all: true })).map(({ address }) => address),
    )
  }

  const hostsNames = coalesce(
    () => '',
    async () => namesIn(await readFile(hostsFile, 'utf8').catch(() => '')),
  )

  async function find(host: string, tenant: string, signal: AbortSignal): Promise<readonly string[]> {
    if ((await hostsNames()).has(host.toLowerCase())) return await askSystem(host, signal)
    const resolver = resolverOf(tenant)
    const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
    const addresses = answers.flatMap(answer => (answer.status === 'fulfilled' ? answer.value : []))
    if (addresses.length > 0) return addresses
    const errors = answers.flatMap(answer => (answer.status === 'rejected' ? [answer.reason as unknown] : []))
    const unknown = errors.find(error => !ASK_SYSTEM.has((error as { code?: string }).code ?? ''))
    if (unknown !== undefined) throw unknown
    return await askSystem(host, signal)
  }

  return async (host, tenant) => {
    const late = new AbortController()
    const { promise, reject } = Promise.withResolvers<never>()
    // The query is not cancelled, because that would end all queries of the tenant's resolver.
    const timer = setTimeout(() => {
      const error = new Error(`DNS gave no answer about ${host} within ${timeoutMs} ms`)
      late.abort(error)
      reject(error)
    }, timeoutMs)
    const found = find(host, tenant, late.signal)
    found.catch(() => {})
    return await Promise.race([found, promise]).finally(() => clearTimeout(timer))
  }
}

/** Names of a hosts file, lower case. Pure. */
export function namesIn(hosts: string): ReadonlySet<string> {
  const names = hosts
    .split('\n')
    .flatMap(textLine => textLine.replace(/#.*/, '').trim().split(/\s+/).slice(1))
  return new Set(names.map(name => name.toLowerCase()))
}

/** Lets so many run at once. The others wait in order, until their signal is aborted. */
class Semaphore {
  private free: number
  private readonly waiting: (() => void)[] = []

  constructor(limit: number) {
    this.free = limit
  }

  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1
    else await this.waitForSlot(signal)
    try {
      return await work()
    } finally {
      const next = this.waiting.shift()
      if (next) next()
      else this.free += 1
    }
  }

  private async waitForSlot(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const giveUp = () => {
      const at = this.waiting.indexOf(resolve)
      if (at < 0) return
      this.waiting.splice(at, 1)
      reject(signal.reason)
    }
    this.waiting.push(resolve)
    signal.addEventListener('abort', giveUp, { once: true })
    await promise.finally(() => signal.removeEventListener('abort', giveUp))
  }
}
