// Hints between processes by NOTIFY: a hint lost costs latency only (I9). Sent after the commit, on a connection of its
// own and merged, since a NOTIFY inside a hot transaction would take a database-wide lock at its commit.

import type pg from 'pg'
import type { Database } from '../../store/database.ts'
import { sql } from '../statements.ts'

export type HintListener = { due(): void; asked(): void }

const CHANNEL = 'standdown'
/** Hints within this long become one. */
const MERGE_MS = 5

export class HintChannel {
  private readonly db: Database
  private readonly listener: HintListener
  private readonly self: string
  private client: pg.Client | null = null
  private readonly waiting = new Set<'due' | 'asked'>()
  private timer: NodeJS.Timeout | null = null
  private stopped = false
  private retry: NodeJS.Timeout | null = null

  /** `self`: a text that tells this process's own hints from others'. */
  constructor(db: Database, self: string, listener: HintListener) {
    this.db = db
    this.self = self
    this.listener = listener
  }

  async start(): Promise<void> {
    let client: Awaited<ReturnType<Database['connect']>> | undefined
    try {
      client = await this.db.connect()
      if (this.stopped) {
        await client.end()
        return
      }
      const mine = client
      this.client = mine
      client.on('error', () => {})
      client.on('end', () => {
        if (this.client === mine) this.again()
      })
      client.on('notification', message => this.hear(message.payload ?? ''))
      await client.query(`listen ${CHANNEL}`)
      // What was said while nobody listened.
      this.listener.due()
      this.listener.asked()
    } catch {
      this.again()
      // A connection on which nobody may listen, of a standby say, is one that nobody would ever end.
      await client?.end().catch(() => {})
    }
  }

  send(what: 'due' | 'asked'): void {
    if (this.stopped) return
    this.waiting.add(what)
    this.timer ??= setTimeout(() => this.flush(), MERGE_MS)
    this.timer.unref()
  }

  async stop(): Promise<void> {
    this.stopped = true
    if (this.timer) clearTimeout(this.timer)
    if (this.retry) clearTimeout(this.retry)
    await this.client?.end().catch(() => {})
  }

  private flush(): void {
    this.timer = null
    const payload = `${this.self} ${[...this.waiting].join(' ')}`
    this.waiting.clear()
    this.db.query(sql('notify'), [CHANNEL, payload]).catch(() => {})
  }

  private hear(payload: string): void {
    const [from, ...what] = payload.split(' ')
    if (from === this.self) return
    if (what.includes('due')) this.listener.due()
    if (what.includes('asked')) this.listener.asked()
  }

  private again(): void {
    this.client = null
    if (this.stopped || this.retry) return
    this.retry = setTimeout(() => {
      this.retry = null
      void this.start()
    }, 1000)
    this.retry.unref()
  }
}
