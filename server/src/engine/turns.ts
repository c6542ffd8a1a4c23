// Work that is a transaction of one caller's own and cannot be gathered with others': a few at once, the rest in a queue that tenants share
// and are served from by turns. Without it as many as a caller sends would wait for the pool's connections, and everybody else with them.

import { Gather } from './gather.ts'

/** Of one kind of work at once: few of the pool's connections, so that some are left whoever asks for much. */
export const TURNS_AT_ONCE = 3

type Work = { readonly owner: string; readonly run: () => Promise<unknown> }

export class Turns {
  readonly #gather: Gather<Work, { readonly result: unknown }>

  constructor(name: string, maxQueue?: number | undefined) {
    this.#gather = new Gather<Work, { readonly result: unknown }>({
      name,
      maxBatch: 1,
      besideFrom: 1,
      maxInFlight: TURNS_AT_ONCE,
      ...(maxQueue === undefined ? {} : { maxQueue }),
      ownerOf: work => work.owner,
      run: async batch => await Promise.all(batch.map(async work => ({ result: await work.run() }))),
    })
  }

  /** `work` is run again when it was the victim of a deadlock: what it does is one transaction. @throws Overloaded */
  async take<T>(owner: string, work: () => Promise<T>): Promise<T> {
    const { result } = await this.#gather.submit({ owner, run: work })
    return result as T
  }
}
