// Tells pages that wait that an agent's screen changed: in this process at once, in others by NOTIFY. A hint that is lost
// costs latency only, since every page looks again by itself.

import { EventEmitter } from 'node:events'
import type { Database } from '../store/database.ts'
import { sql } from './statements.ts'

const LISTEN_CHANNEL = 'notifications_screen'
const RECONNECT_MS = 2000

export class ScreenHints {
  private readonly db: Database
  private readonly changes = new EventEmitter().setMaxListeners(0)
  private connection: Promise<{ end(): Promise<void> }> | null = null
  private reconnect: NodeJS.Timeout | null = null
  private readonly stops: (() => void)[] = []
  private stopped = false

  constructor(db: Database) {
    this.db = db
  }

  /** To be called after the commit that changed it. */
  changed(tenant: string, agentId: string): void {
    const name = `${tenant}\n${agentId}`
    this.changes.emit(name)
    void this.db.query(sql('hint'), [LISTEN_CHANNEL, name]).catch(() => {})
  }

  /** Calls `heard` after every change, at times once too often. The answer stops it. */
  onChange(tenant: string, agentId: string, heard: () => void): () => void {
    const name = `${tenant}\n${agentId}`
    this.changes.on(name, heard)
    this.listen()
    return () => void this.changes.off(name, heard)
  }

  onStop(ended: () => void): void {
    this.stops.push(ended)
  }

  /** May be called twice, or without anything having listened. */
  async stop(): Promise<void> {
    this.stopped = true
    for (const ended of this.stops.splice(0)) ended()
    if (this.reconnect) clearTimeout(this.reconnect)
    const connection = await this.connection?.catch(() => null)
    this.connection = null
    await connection?.end().catch(() => {})
  }

  private listen(): void {
    if (this.connection || this.stopped) return
    this.connection = this.connect()
    this.connection.catch(() => this.tryAgain())
  }

  private async connect() {
    const client = await this.db.connect()
    client.on('notification', message => {
      if (message.payload) this.changes.emit(message.payload)
    })
    client.on('error', () => this.tryAgain())
    client.on('end', () => this.tryAgain())
    try {
      await client.query(`listen ${LISTEN_CHANNEL}`)
    } catch (error) {
      await client.end().catch(() => {})
      throw error
    }
    // Hints that were sent before this connection listened were lost, so everybody reads once more.
    for (const name of this.changes.eventNames()) this.changes.emit(name)
    return client
  }

  private tryAgain(): void {
    if (this.stopped || this.reconnect) return
    this.reconnect = setTimeout(() => {
      this.reconnect = null
      this.connection = null
      this.listen()
    }, RECONNECT_MS)
    this.reconnect.unref()
  }
}
