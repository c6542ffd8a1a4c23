// Hints between processes by NOTIFY. A lost hint costs latency only (I9). Hints are merged and sent after the commit, on their own
// connection: a NOTIFY inside a busy transaction would take a database-wide lock at its commit.

import type pg from 'pg'
import type { Database } from '../../store/database.ts'
import { sql } from '../statements.ts'

export type HintListener = { due(): void; stopRequested(): void }

const CHANNEL = 'standdown'
/** Hints within this time become one. Milliseconds. */
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

  /** `self`: marks this process's own hints, which it ignores. */
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
      // Hints that were sent while this process did not listen are lost: look now.
      this.listener.due()
      this.listener.stopRequested()
    } catch {
      this.again()
      // On a standby, say, LISTEN is refused: end the connection, since nobody else would.
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
    if (what.includes('asked')) this.listener.stopRequested()
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
