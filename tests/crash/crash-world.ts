// What a crash test looks at: one data directory, the servers that live on it one after another, and the receivers, which
// outlive them all and say what really reached the world.

import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { type HttpReceiver, httpReceiver } from '../support/http-receiver.ts'
import {
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
  server!: ServerProcess
  private port = '0'

  constructor(parts: { receiver: HttpReceiver; smtp: SmtpReceiver; dataDir: string }) {
    this.receiver = parts.receiver
    this.smtp = parts.smtp
    this.dataDir = parts.dataDir
  }

  static async open(data: PreparedData): Promise<World> {
    return new World({ receiver: await httpReceiver(), smtp: await smtpReceiver(), dataDir: data.copy() })
  }

  /** The next server on this data, which dies at `crashAt`. At the same port: addresses that were handed out go on. */
  async start(crashAt?: string): Promise<ServerProcess> {
    const { smtp, dataDir } = this
    const env = { SMTP_URL: smtp.url, PORT: this.port, ...(crashAt ? { STANDDOWN_CRASH_AT: crashAt } : {}) }
    this.server = await startServer({ dataDir, env })
    this.port = new URL(this.server.url).port
    return this.server
  }

  /** Resolves when the server has killed itself at its crash point. */
  async crashed(): Promise<void> {
    assert.deepEqual(await this.server.ended, { code: null, signal: 'SIGKILL' })
  }

  /** A server that dies of what it finds, maybe before it answers its first request. */
  async startAndCrash(crashAt: string): Promise<void> {
    try {
      await this.start(crashAt)
      await this.crashed()
    } catch (error) {
      if (!(error instanceof EndedAtStart) || error.signal !== 'SIGKILL') throw error
    }
  }

  async close(): Promise<void> {
    if (this.server) await this.server[Symbol.asyncDispose]()
    await this.receiver.close()
    await this.smtp.close()
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
