// A bounded queue in which everybody waits for his own: whoever puts in a hundred things has one of them done, then each
// other waiting owner has one of his.

export type QueueLimits = { readonly all: number; readonly each: number }

export class FairQueue<T> {
  readonly #limits: QueueLimits
  /** Whose turn is next stands first. No list is empty. */
  readonly #byOwner = new Map<string, T[]>()
  #size = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  /** False when it is full, or holds enough of this owner's. */
  add(owner: string, item: T): boolean {
    const own = this.#byOwner.get(owner) ?? []
    if (this.#size >= this.#limits.all || own.length >= this.#limits.each) return false
    own.push(item)
    this.#byOwner.set(owner, own)
    this.#size += 1
    return true
  }

  /** Of the owner whose turn it is among those that may have one now. */
  take(mayHaveTurn: (owner: string, item: T) => boolean = () => true): T | undefined {
    const turn = this.next().find(([of, item]) => mayHaveTurn(of, item))
    if (turn === undefined) return undefined
    const [owner, item] = turn
    const own = this.#byOwner.get(owner) as T[]
    own.shift()
    this.#size -= 1
    this.#byOwner.delete(owner)
    if (own.length > 0) this.#byOwner.set(owner, own)
    return item
  }

  /** Who waits, in the order of their turns, and for what next. */
  next(): (readonly [string, T])[] {
    return [...this.#byOwner].map(([owner, items]) => [owner, items[0] as T] as const)
  }
}
