// One connection to the mail server. It exists beside nodemailer's own transports because they cannot say whether the dot
// that ends a message was sent, which separates "never sent" from "not known":
//
//   connect ──> login ──> envelope ──> body ──> reply ──> (idle: the next mail begins at envelope)
//   └───────── provably not sent ───────────┘  └── the server decides; only its answer tells
//
// connect: TCP, greeting, EHLO, STARTTLS. envelope: MAIL, RCPT, DATA. body: the message's octets. `reply` begins at the
// instant at which the end of the message is handed on, before the final dot can reach the network, never after.

import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { oneLine } from '../one-line.ts'
import { type SmtpServer, withoutCredentials } from './smtp-url.ts'

export type SmtpPhase = 'connect' | 'login' | 'envelope' | 'body' | 'reply'

/** Longest wait in each phase, ms. */
export type PhaseLimits = { readonly [phase in SmtpPhase]: number }

/**
 * connect covers TCP, greeting, EHLO and STARTTLS. reply: RFC 5321 4.5.3.2.6 requires ten minutes, against duplicates. Here it is
 * two, because a repeat has the same Message-ID, and a slot must not be occupied for long.
 */
export const PHASE_LIMITS: PhaseLimits = {
  connect: 20_000,
  login: 20_000,
  envelope: 60_000,
  body: 120_000,
  reply: 120_000,
}

export type SmtpMessage = {
  readonly envelope: { readonly from: string; readonly to: string }
  readonly raw: Buffer
}

/** How handing one message over went. */
export type Handover =
  | { readonly is: 'accepted'; readonly reply: string }
  /** The server refused the message, so it has not accepted it. */
  | { readonly is: 'refused'; readonly reply: string; readonly code: number; readonly command: string }
  /** Provably not sent: it ended before the final dot could leave. */
  | { readonly is: 'unsent'; readonly phase: SmtpPhase; readonly error: string; readonly aborted: boolean }
  /** The final dot may have been sent, and no answer came. */
  | { readonly is: 'unknown'; readonly error: string; readonly aborted: boolean }

/** What nodemailer adds to an Error. */
type SmtpError = Error & {
  readonly response?: unknown
  readonly responseCode?: number
  readonly command?: string
}

/** Octets handed on at once. */
const PIECE = 16 * 1024

type Attempt = { phase: SmtpPhase; settle: (end: Handover) => void }

export class SmtpSession {
  /** Messages handed over so far. */
  sent = 0
  private readonly connection: SMTPConnection
  private readonly limits: PhaseLimits
  private readonly server: SmtpServer
  private attempt: Attempt | null = null
  private timer: NodeJS.Timeout | undefined
  private ready = false
  private dead = false
  private readonly onDead: () => void

  constructor(options: {
    readonly server: SmtpServer
    readonly limits: PhaseLimits
    /** Further trusted authorities, PEM. */
    readonly ca?: string | undefined
    readonly onDead: () => void
  }) {
    const { server, limits } = options
    this.server = server
    this.limits = limits
    this.onDead = options.onDead
    this.connection = new SMTPConnection({
      host: server.host,
      port: server.port,
      secure: server.secure,
      requireTLS: server.requireTls,
      ignoreTLS: server.ignoreTls,
      name: server.name ?? undefined,
      tls: {
        rejectUnauthorized: server.tls.rejectUnauthorized,
        ...(server.tls.servername === null ? {} : { servername: server.tls.servername }),
        ...(options.ca === undefined ? {} : { ca: options.ca }),
      },
      // The limits by phase are shorter and apply first; these are a safety net.
      connectionTimeout: limits.connect + 1000,
      greetingTimeout: limits.connect + 1000,
      socketTimeout: Math.max(limits.envelope, limits.body, limits.reply) + 1000,
      // Destroy at close, because an abort must not wait for a server that reads nothing more.
      socketCloseTimeout: 0,
      maxResponseSize: 64 * 1024,
    })
    this.connection.on('error', error => this.fail(error))
    this.connection.on('end', () => this.fail(new Error('the server closed the connection')))
  }

  /** False once nothing more can be sent over it. */
  get usable(): boolean {
    return !this.dead
  }

  /**
   * Hands one message over; one at a time. An abort before the final dot destroys the connection at once. After an
   * abort behind it, the server has `graceMs` to answer, because only its answer decides.
   */
  async send(
    message: SmtpMessage,
    abort: { readonly signal: AbortSignal; readonly graceMs: () => number },
  ): Promise<Handover> {
    const { signal, graceMs } = abort
    const { promise, resolve } = Promise.withResolvers<Handover>()
    const attempt: Attempt = { phase: this.ready ? 'envelope' : 'connect', settle: resolve }
    this.attempt = attempt
    const onAbort = () => {
      if (attempt.phase !== 'reply') this.fail(new Error('aborted'), true)
      else this.limit(graceMs(), () => this.fail(new Error('aborted while waiting for the answer'), true))
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      if (signal.aborted) onAbort()
      else if (this.ready) this.submit(attempt, message)
      else this.open(attempt, message)
      return await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
      clearTimeout(this.timer)
      this.attempt = null
    }
  }

  /** Sends QUIT when it is idle, and closes the connection. */
  close(): void {
    if (this.dead) return
    if (this.ready && !this.attempt) {
      this.dead = true
      this.limit(1000, () => this.connection.close())
      this.timer?.unref()
      this.connection.quit()
      this.onDead()
    } else this.fail(new Error('closed'))
  }

  private open(attempt: Attempt, message: SmtpMessage): void {
    this.enter(attempt, 'connect')
    this.connection.connect(error => {
      if (error) return this.fail(error)
      const { auth } = this.server
      if (!auth) return this.submit(attempt, message)
      this.enter(attempt, 'login')
      this.connection.login({ credentials: { user: auth.user, pass: auth.password } }, failure => {
        if (failure) this.fail(failure)
        else this.submit(attempt, message)
      })
    })
  }

  private submit(attempt: Attempt, message: SmtpMessage): void {
    if (this.attempt !== attempt || this.dead) return
    this.ready = true
    this.enter(attempt, 'envelope')
    const envelope = { from: message.envelope.from, to: [message.envelope.to], size: message.raw.length }
    this.connection.send(envelope, this.body(attempt, message.raw), (error, info) => {
      if (error) return this.fail(error)
      this.sent += 1
      attempt.settle({ is: 'accepted', reply: this.clean(info?.response ?? '') })
    })
  }

  // It is read for the first time when the server has answered 354. The pieces are small, and each is read when the one before was
  // accepted. So `reply` begins when the last few kilobytes are being sent, and not while megabytes still wait in memory.
  private body(attempt: Attempt, raw: Buffer): Readable {
    let at = 0
    const stream = new Readable({
      highWaterMark: 1,
      read: () => {
        if (at === 0) this.enter(attempt, 'body')
        if (at < raw.length) {
          const piece = raw.subarray(at, at + PIECE)
          at += PIECE
          stream.push(piece)
        } else {
          this.enter(attempt, 'reply')
          stream.push(null)
        }
      },
    })
    return stream
  }

  private enter(attempt: Attempt, phase: SmtpPhase): void {
    attempt.phase = phase
    this.limit(this.limits[phase], () => this.fail(new Error(`no answer within ${this.limits[phase]} ms`)))
  }

  private limit(ms: number, then: () => void): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(then, ms)
  }

  private fail(error: SmtpError, aborted = false): void {
    if (this.dead) return
    this.dead = true
    clearTimeout(this.timer)
    this.connection.close()
    this.onDead()
    this.attempt?.settle(this.ending(this.attempt.phase, error, aborted))
  }

  private ending(phase: SmtpPhase, error: SmtpError, aborted: boolean): Handover {
    const code = error.responseCode ?? 0
    if (code >= 400) {
      const reply = this.clean(typeof error.response === 'string' ? error.response : error.message)
      return { is: 'refused', reply, code, command: error.command ?? 'CONN' }
    }
    const text = this.clean(error.message)
    return phase === 'reply'
      ? { is: 'unknown', error: text, aborted }
      : { is: 'unsent', phase, error: text, aborted }
  }

  private clean(text: string): string {
    return oneLine(withoutCredentials(text, this.server), 500)
  }
}
