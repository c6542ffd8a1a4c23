// Watches whether the database answers at all. A connection whose other end is frozen (a stopped process, a network that loses every
// packet) does not break: a query on it waits for ever. So when answers are awaited and none comes on any connection, a new
// connection is tried. If that is silent too, all connections are cut, and queries are refused at once until one is answered.
//
//   answering --SILENCE_MS without an octet, answers awaited--> probing --the probe is answered--> answering
//                                                                  | no answer within PROBE_MS
//                                                                  v
//             answering <--a probe is answered (one a second)--- silent: connections cut, callers refused

/** When no octet came from the database for this long while answers are awaited, a probe is sent. */
const SILENCE_MS = 2000
/** How long the answer to the probe may take. */
const PROBE_MS = 5000
const LOOK_EVERY_MS = 1000

type PulseNeeds = {
  /** Resolves when the database has answered anything on a new connection; the signal gives up. */
  readonly probe: (signal: AbortSignal) => Promise<void>
  /** Breaks every connection, so that the queries that wait on them fail. */
  readonly cutOff: () => void
}

export class Pulse {
  private readonly needs: PulseNeeds
  private awaited = 0
  private heardAt = 0
  private isSilent = false
  private probing = false
  private timer: NodeJS.Timeout | null = null
  private readonly closed = new AbortController()

  constructor(needs: PulseNeeds) {
    this.needs = needs
  }

  /** True from the moment when it was found frozen until it answers again. */
  get silent(): boolean {
    return this.isSilent
  }

  /** An octet came from the database. */
  readonly heard = (): void => {
    this.heardAt = performance.now()
  }

  /** Runs `work`, which queries the database and waits for the answer. */
  async waiting<T>(work: () => Promise<T>): Promise<T> {
    if (this.awaited === 0) this.heard()
    this.awaited += 1
    this.timer ??= setInterval(() => void this.look(), LOOK_EVERY_MS).unref()
    try {
      return await work()
    } finally {
      this.awaited -= 1
    }
  }

  close(): void {
    if (this.timer) clearInterval(this.timer)
    this.closed.abort()
  }

  private async look(): Promise<void> {
    const quietMs = performance.now() - this.heardAt
    if (this.probing || (!this.isSilent && (this.awaited === 0 || quietMs < SILENCE_MS))) return
    this.probing = true
    const answered = await this.answers()
    this.probing = false
    if (this.closed.signal.aborted) return
    if (answered) this.heard()
    // Octets that came on another connection meanwhile count as well.
    else if (performance.now() - this.heardAt >= SILENCE_MS) {
      this.isSilent = true
      this.needs.cutOff()
    }
    if (answered) this.isSilent = false
  }

  private async answers(): Promise<boolean> {
    const given = new AbortController()
    // One turn of the event loop later: if this process was busy for long, the answer may have arrived and not been read yet.
    const timer = setTimeout(() => setImmediate(() => given.abort()), PROBE_MS).unref()
    try {
      await this.needs.probe(AbortSignal.any([given.signal, this.closed.signal]))
      return true
    } catch {
      return false
    } finally {
      clearTimeout(timer)
    }
  }
}
