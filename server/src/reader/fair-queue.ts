// A bounded queue in which tenants take turns: after one thing of a tenant comes one thing of every other tenant that waits,
// however many things the first one has put in.

export type QueueLimits = { readonly all: number; readonly each: number }

export class FairQueue<T> {
  readonly #limits: QueueLimits
  /** The tenant whose turn is next comes first. No list is empty. */
  readonly #byTenant = new Map<string, T[]>()
  #size = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  /**
   * Gives back what finds no place: the item itself, when its tenant has as many things here as it may; when the queue is full, the last
   * thing of the tenant that has most, so that a few tenants cannot keep all others out. Null: everything has its place.
   */
  add(tenant: string, item: T): T | null {
    const own = this.#byTenant.get(tenant) ?? []
    if (own.length >= this.#limits.each) return item
    if (this.#size >= this.#limits.all) {
      const longest = [...this.#byTenant.values()].reduce((a, b) => (b.length > a.length ? b : a), own)
      if (longest.length <= own.length + 1) return item
      own.push(item)
      this.#byTenant.set(tenant, own)
      return longest.pop() as T
    }
    own.push(item)
    this.#byTenant.set(tenant, own)
    this.#size += 1
    return null
  }

  /** Takes one thing of the first tenant that may go next; undefined when there is none. */
  take(mayGoNext: (tenant: string, item: T) => boolean = () => true): T | undefined {
    const found = this.next().find(([tenant, item]) => mayGoNext(tenant, item))
    if (found === undefined) return undefined
    const [tenant, item] = found
    const own = this.#byTenant.get(tenant) as T[]
    own.shift()
    this.#size -= 1
    this.#byTenant.delete(tenant)
    if (own.length > 0) this.#byTenant.set(tenant, own)
    return item
  }

  /** The waiting tenants in the order of their turns, each with its first thing. */
  next(): (readonly [string, T])[] {
    return [...this.#byTenant].map(([tenant, items]) => [tenant, items[0] as T] as const)
  }
}
