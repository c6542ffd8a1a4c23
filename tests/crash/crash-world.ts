// What a crash test looks at: one data directory, or one database of its own, the servers that live on it, and the
// receivers, which outlive them all and say what really reached the world.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { type HttpReceiver, httpReceiver } from '../support/http-receiver.ts'
import { type PreparedDatabase, serveHere } from '../support/prepared-database.ts'
import {
  type Asked,
  EndedAtStart,
  type PreparedData,
  type Reply,
  type ServerProcess,
  startServer,
} from '../support/server-process.ts'
import { type SmtpReceiver, smtpReceiver } from '../support/smtp-receiver.ts'

export class World {
  readonly receiver: HttpReceiver
  readonly smtp: SmtpReceiver
  readonly dataDir: string
  private readonly database: TestDatabase | null
  /** The one that the world's own requests go to: the last that was started. */
  server!: Asked
  private readonly beside: ServerProcess[] = []
  private port = '0'

  constructor(parts: WorldParts) {
    this.receiver = parts.receiver
    this.smtp = parts.smtp
    this.dataDir = parts.dataDir
    this.database = parts.database
  }

  static async open(data: PreparedData): Promise<World> {
    return new World({
      receiver: await httpReceiver(),
      smtp: await smtpReceiver(),
      dataDir: data.copy(),
      database: null,
    })
  }

  /** The same, on a database that outlives its servers. */
  static async openOn(data: PreparedDatabase): Promise<World> {
    const parts = await data.copy()
    return new World({ receiver: await httpReceiver(), smtp: await smtpReceiver(), ...parts })
  }

  /** Servers on a database that none of them takes along when it dies. */
  static async onSharedDatabase(): Promise<World> {
    return new World({
      receiver: await httpReceiver(),
      smtp: await smtpReceiver(),
      dataDir: mkdtempSync(join(tmpdir(), 'standdown-shared-')),
      database: await testDatabase({ empty: true }),
    })
  }

  /** The next server on this data, which dies at `crashAt`. At the same port: addresses that were handed out go on. */
  async start(crashAt?: string): Promise<ServerProcess> {
    const env = { ...this.settings(), ...(crashAt ? { STANDDOWN_CRASH_AT: crashAt } : {}) }
    const server = await startServer({ dataDir: this.dataDir, env })
    this.server = server
    this.port = new URL(server.url).port
    return server
  }

  /** The next server, in the test's own process: nothing will kill it. */
  async goOn(): Promise<Asked> {
    this.server = await serveHere({ DATA_DIR: this.dataDir, STANDDOWN_LEASE_MS: '1500', ...this.settings() })
    this.port = new URL(this.server.url).port
    return this.server
  }

  private settings(): Readonly<Record<string, string>> {
    return {
      SMTP_URL: this.smtp.url,
      PORT: this.port,
      ...(this.database && { DATABASE_URL: this.database.url }),
    }
  }

  /** One more on the shared database, at work beside those that are. */
  async startBeside(settings: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    assert.ok(this.database)
    const env = { SMTP_URL: this.smtp.url, DATABASE_URL: this.database.url, ...settings }
    const server = await startServer({ dataDir: join(this.dataDir, String(this.beside.length)), env })
    this.server = server
    this.beside.push(server)
    return server
  }

  /** A server that dies of what it finds, maybe before it answers its first request. */
  async startAndCrash(crashAt: string): Promise<void> {
    try {
      await crashed(await this.start(crashAt))
    } catch (error) {
      if (!(error instanceof EndedAtStart) || error.signal !== 'SIGKILL') throw error
    }
  }

  /** Resolves when the shared database's clock, which all servers go by, is past that time (ISO 8601). */
  async databaseClockPasses(at: string): Promise<void> {
    assert.ok(this.database)
    const { db } = this.database
    const text = 'select clock_timestamp() > $1::timestamptz as passed, pg_sleep(0.1)'
    while (!(await db.query<{ passed: boolean }>({ text }, [at]))[0]?.passed);
  }

  async close(): Promise<void> {
    if (this.server) await this.server[Symbol.asyncDispose]()
    for (const server of this.beside) await server[Symbol.asyncDispose]()
    await this.receiver.close()
    await this.smtp.close()
    await this.database?.[Symbol.asyncDispose]()
    rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }

  /** As alice, an admin of the demo's tenant. */
  async alice(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply | null> {
    const token = await this.tokenOf({ user: 'alice@contoso.example' })
    return this.server.call(method, path, {
      token,
      ...(body === undefined ? {} : { body }),
      ...(headers && { headers }),
    })
  }

  async aliceOk(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply['json']> {
    const reply = await this.alice(method, path, body, headers)
    assert.ok(reply && reply.status < 300, `${method} ${path}: ${reply?.status} ${reply?.text}`)
    return reply.json
  }

  // Asked of the server once per life of it: a crash point must not meet the tests' own requests.
  private readonly tokens = new Map<string, string>()
  async tokenOf(whose: { user: string } | { app: string }): Promise<string> {
    const name = JSON.stringify(whose)
    const known = this.tokens.get(name)
    if (known) return known
    const token = await this.server.token(whose)
    this.tokens.set(name, token)
    return token
  }

  webhook(path: string, afterMs = 0): object {
    return { kind: 'webhook', url: `${this.receiver.url}${path}`, afterMs }
  }

  /** The tenant's clock goes on; all that falls due has ended when this resolves. */
  async advance(by: string): Promise<void> {
    await this.aliceOk('POST', '/api/v1/sandbox/clock', { advance: by })
  }

  /** Paths that were called, each as often as it was, sorted. */
  get called(): string[] {
    return this.receiver.requests.map(request => request.path).sort()
  }

  /** webhook-ids of the calls of one path. */
  idsOf(path: string): string[] {
    return this.receiver.requests.filter(r => r.path === path).map(r => String(r.headers['webhook-id']))
  }

  /** `recipient subject` of each mail that was accepted, sorted. */
  get mailed(): string[] {
    return this.smtp.mails
      .map(mail => `${mail.to.join()} ${/^Subject: (.*)$/im.exec(mail.raw.toString())?.[1]?.trim()}`)
      .sort()
  }

  messageIds(): string[] {
    return this.smtp.mails.map(mail => /^Message-ID: (.*)$/im.exec(mail.raw.toString())?.[1]?.trim() ?? '')
  }

  async receipt(id: string): Promise<Reply['json']> {
    const receipt = await this.aliceOk('GET', `/api/v1/receipts/${id}?wait=40`)
    assert.equal(receipt.state, 'final')
    return receipt
  }
}

/** Resolves when the server has killed itself at its crash point. */
export async function crashed(server: ServerProcess): Promise<void> {
  assert.deepEqual(await server.ended, { code: null, signal: 'SIGKILL' })
}

type WorldParts = {
  readonly receiver: HttpReceiver
  readonly smtp: SmtpReceiver
  readonly dataDir: string
  readonly database: TestDatabase | null
}
