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

  /** False when the queue is full, or has as many things of this tenant as it may. */
  add(tenant: string, item: T): boolean {
    const own = this.#byTenant.get(tenant) ?? []
    if (this.#size >= this.#limits.all || own.length >= this.#limits.each) return false
    own.push(item)
    this.#byTenant.set(tenant, own)
    this.#size += 1
    return true
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
