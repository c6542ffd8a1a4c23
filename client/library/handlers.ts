// The page's handlers of events. Pages spell the names in several ways (onModeChanged, onmodechanged), so case does not count.

type Handler = (detail: unknown) => unknown

/** The desktop's own events, in lower case. A handler gets one JSON text. */
const OF_THE_DESKTOP: ReadonlySet<string> = new Set([
  'onclicktoact',
  'onmodechanged',
  'onsizechanged',
  'onpagenavigate',
  'onsendkbarticle',
  'onsessionswitched',
  'onsessionclosed',
  'onpresencechange',
])

export function isOfTheDesktop(event: string): boolean {
  return OF_THE_DESKTOP.has(event.toLowerCase())
}

export class EventHandlers {
  readonly #byName = new Map<string, Set<Handler>>()

  add(event: string, handler: Handler): void {
    const name = event.toLowerCase()
    const handlers = this.#byName.get(name) ?? new Set()
    this.#byName.set(name, handlers.add(handler))
  }

  /** False: it was not there. */
  remove(event: string, handler: unknown): boolean {
    return this.#byName.get(event.toLowerCase())?.delete(handler as Handler) ?? false
  }

  /** Calls the handlers one after another. If one throws or rejects, the others are called all the same. */
  tell(event: string, detail: unknown): void {
    for (const handler of [...(this.#byName.get(event.toLowerCase()) ?? [])]) {
      // In a promise, so that an error of it is caught whether it throws or rejects.
      void new Promise(resolve => resolve(handler(detail))).catch(error => console.error(error))
    }
  }
}
