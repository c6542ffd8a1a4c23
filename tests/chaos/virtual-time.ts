// Time that a simulation moves. Code that runs for a simulated process (AsyncLocalStorage tells which) gets its timers,
// performance.now and Date from it; all other code of this Node process keeps the real ones.

import { AsyncLocalStorage } from 'node:async_hooks'

/** What a simulated process needs of its simulation. */
export type Clockwork = {
  /** Milliseconds since the simulation began. */
  readonly now: number
  /** The wall clock at its beginning. */
  readonly epochMs: number
  /** Runs it in so many milliseconds; gives back how to call it off. */
  timer(process: string, ms: number, run: () => void): () => void
}

type Inside = { readonly clockwork: Clockwork; readonly process: string }

const inside = new AsyncLocalStorage<Inside>()

export const realSetTimeout = globalThis.setTimeout
export const realSetImmediate = globalThis.setImmediate
export const RealDate = globalThis.Date
const realClearTimeout = globalThis.clearTimeout
const realSetInterval = globalThis.setInterval
const realClearInterval = globalThis.clearInterval
const realNow = performance.now.bind(performance)

/** Runs `work`, and all that comes of it, as that process. */
export function asProcess<T>(clockwork: Clockwork, process: string, work: () => T): T {
  install()
  return inside.run({ clockwork, process }, work)
}

class VirtualTimer {
  private off: () => void
  private readonly start: () => () => void

  constructor(start: () => () => void) {
    this.start = start
    this.off = start()
  }

  close(): this {
    this.off()
    return this
  }

  refresh(): this {
    this.off()
    this.off = this.start()
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }

  [Symbol.dispose](): void {
    this.off()
  }
}

let installed = false

function install(): void {
  if (installed) return
  installed = true
  const virtual =
    (real: typeof realSetTimeout | typeof realSetInterval, again: boolean) =>
    (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      const here = inside.getStore()
      if (here === undefined) return (real as typeof realSetTimeout)(run, ms, ...args)
      const { clockwork, process } = here
      return new VirtualTimer(() => {
        let off = () => {}
        const next = () => {
          off = clockwork.timer(process, Math.max(ms, 1), () =>
            inside.run(here, () => {
              if (again) next()
              run(...args)
            }),
          )
        }
        next()
        return () => off()
      })
    }
  const clear = (real: (timer: NodeJS.Timeout) => void) => (timer: unknown) => {
    if (timer instanceof VirtualTimer) timer.close()
    else real(timer as NodeJS.Timeout)
  }
  Object.assign(globalThis, {
    setTimeout: Object.assign(virtual(realSetTimeout, false), realSetTimeout),
    setInterval: virtual(realSetInterval, true),
    clearTimeout: clear(realClearTimeout),
    clearInterval: clear(realClearInterval),
    Date: class VirtualDate extends RealDate {
      constructor(...args: unknown[]) {
        const here = args.length === 0 ? inside.getStore() : undefined
        if (here) super(here.clockwork.epochMs + here.clockwork.now)
        else super(...(args as [number]))
      }

      static override now(): number {
        const here = inside.getStore()
        return here ? Math.floor(here.clockwork.epochMs + here.clockwork.now) : RealDate.now()
      }

      static override [Symbol.hasInstance](value: unknown): boolean {
        return Object.prototype.toString.call(value) === '[object Date]'
      }
    },
  })
  performance.now = () => inside.getStore()?.clockwork.now ?? realNow()
}
