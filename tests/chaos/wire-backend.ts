// PostgreSQL's end of the connections that a proxy carries. A server process costs more than a whole small history, so one
// whose connection is over is cleaned (what its transaction did is undone, its locks are freed: all that the end of a
// session does) and serves the next one that is greeted with the same words. What it has prepared it keeps: a Parse that
// would repeat it is answered here.

import { connect, type Socket } from 'node:net'
import { type ClientUnit, parsed, ServerReader, type ServerUnit, simpleQuery, typeOf } from './wire-units.ts'

export type Answer = ServerUnit & { readonly is: 'answer' }

/** Whom a backend serves. */
export type Served = {
  answered(answer: Answer): void
  notified(notification: ServerUnit): void
  /** The server has ended the connection. `farewell`: what it said last. */
  gone(farewell: readonly Buffer[]): void
}

const CLEAN = simpleQuery('rollback; unlisten *; select pg_advisory_unlock_all()')
const PARSE_COMPLETE = Buffer.from([0x31, 0, 0, 0, 4])
/** Said by the way, in answer to nothing. */
const BY_THE_WAY = new Set(['N', 'S', 'K', 'R'])
/** Which message of an answer ends what it says to a message of the client. */
const ENDS: Readonly<Record<string, string>> = { P: '1', B: '2', D: 'Tn', E: 'CIs', C: '3' }

/** A message of the client, as its answer is to be read: its type, and what it prepares. */
type Asked = { readonly type: string; readonly prepares?: { readonly name: string; readonly text: string } }

export class Backend {
  readonly greeting: string
  private readonly pool: Backends
  private readonly socket: Socket
  private readonly reader = new ServerReader()
  private readonly prepared = new Map<string, string>()
  private readonly unanswered: (readonly Asked[])[] = []
  private served: Served | null = null
  private welcome: Answer | null = null
  private gone = false
  /** It is told of notifications. */
  listens = false

  constructor(pool: Backends, path: string, greeting: string) {
    this.pool = pool
    this.greeting = greeting
    this.socket = connect(path)
    this.socket.on('error', () => {})
    this.socket.on('data', chunk => {
      pool.moved()
      for (const unit of this.reader.read(chunk)) this.hear(unit)
    })
    this.socket.on('close', () => {
      pool.moved()
      this.gone = true
      this.unanswered.length = 0
      pool.drop(this)
      this.served?.gone(this.reader.rest())
    })
  }

  /** The server process; 0 until it has said so. */
  get pid(): number {
    return this.reader.backendPid
  }

  /** It was asked something and has not answered yet. */
  get isBusy(): boolean {
    return this.unanswered.length > 0
  }

  get isIdle(): boolean {
    return this.served === null && this.unanswered.length === 0 && !this.gone
  }

  /** Serves whoever has greeted with this unit. */
  serve(served: Served, greeting: ClientUnit): void {
    this.served = served
    if (this.welcome === null) this.send(greeting)
    else served.answered(this.welcome)
  }

  send(unit: ClientUnit): void {
    if (this.gone) return
    const asked: Asked[] = []
    const octets: Buffer[] = []
    for (const message of unit.messages) {
      const type = unit.is === 'startup' ? 'startup' : typeOf(message)
      const prepares = type === 'P' ? parsed(message) : undefined
      const known =
        prepares !== undefined && prepares.name !== '' && this.prepared.get(prepares.name) === prepares.text
      asked.push(known ? { type: 'known' } : { type, ...(prepares && { prepares }) })
      if (!known) octets.push(message)
    }
    this.unanswered.push(asked)
    this.socket.write(Buffer.concat(octets))
  }

  /** Its connection is over, as far as the server knows: what it was asked it still does, and then it is cleaned. */
  release(): void {
    if (this.gone) return
    this.served = null
    this.listens = false
    this.send(CLEAN)
  }

  destroy(): void {
    this.socket.destroy()
  }

  private hear(unit: ServerUnit): void {
    if (unit.is === 'notification') {
      this.served?.notified(unit)
      return
    }
    const asked = this.unanswered.shift() ?? []
    const answer: Answer = { ...unit, messages: this.whole(asked, unit.messages) }
    if (asked[0]?.type === 'startup') this.welcome = answer
    this.pool.answered(this)
    this.served?.answered(answer)
  }

  /** The answer as it would be if nothing had been known before. */
  private whole(asked: readonly Asked[], messages: readonly Buffer[]): readonly Buffer[] {
    const whole: Buffer[] = []
    let at = 0
    for (const message of messages) {
      const type = typeOf(message)
      if (type === 'E') at = asked.length
      if (!BY_THE_WAY.has(type)) {
        for (; asked[at]?.type === 'known'; at++) whole.push(PARSE_COMPLETE)
      }
      whole.push(message)
      const question = asked[at]
      if (question === undefined || !ENDS[question.type]?.includes(type)) continue
      if (question.prepares) this.prepared.set(question.prepares.name, question.prepares.text)
      at += 1
    }
    return whole
  }
}

export class Backends {
  readonly all = new Set<Backend>()
  private readonly path: string
  /** An octet came from the server. */
  moved: () => void = () => {}
  /** Something was answered: a lock may have come free. */
  answered: (by: Backend) => void = () => {}

  /** `path`: PostgreSQL's own socket. */
  constructor(path: string) {
    this.path = path
  }

  /** One that is greeted so. */
  take(greeting: ClientUnit, served: Served): Backend {
    const words = greeting.messages[0]?.toString('latin1') ?? ''
    let backend = [...this.all].find(one => one.isIdle && one.greeting === words)
    if (backend === undefined) {
      backend = new Backend(this, this.path, words)
      this.all.add(backend)
    }
    backend.serve(served, greeting)
    return backend
  }

  drop(backend: Backend): void {
    this.all.delete(backend)
  }

  close(): void {
    for (const backend of this.all) backend.destroy()
  }
}
