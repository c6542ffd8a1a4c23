// A proxy on a Unix socket between one process (an engine's connections) and the tests' PostgreSQL. It knows what it carries
// (wire-units.ts), and asks its network of each unit how long it is under way and whether the connection breaks over it.
//
//   client ──writes──► requests (in order) ──► PostgreSQL ──► answers (in order) ──► client
//
//   request lost   the client's end breaks, PostgreSQL never sees the unit
//   request late   the client's end breaks, and the unit arrives nevertheless, later, with all that was written behind it
//   answer lost    PostgreSQL does what it was asked, and the client's end breaks instead of the answer
//
// Whatever breaks, PostgreSQL may hear of it later (`lingerMs`): until then its transaction stays open, with its locks.
// A client that goes away by itself takes nothing back that it has written: that still arrives.

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Answer, Backend, Backends } from './wire-backend.ts'
import { ClientReader, type ClientUnit } from './wire-units.ts'

/** A unit on its way, as the network is asked about it. */
export type UnitInfo = {
  /** Of which process. */
  readonly from: string
  /** Which of its connections: 1, 2, … in the order in which they were made. */
  readonly connection: number
  readonly label: string
  /** How many units with this label the process has written, this one included. */
  readonly nth: number
  /** Labels of the transaction that it belongs to, itself last. */
  readonly transaction: readonly string[]
}

export type Fate = {
  readonly requestMs: number
  readonly answerMs: number
  /** The request, and all behind it, does not go before this is kept. */
  readonly requestAfter?: Promise<unknown>
  /** As well for the answer. */
  readonly answerAfter?: Promise<unknown>
  readonly breaks?: 'request lost' | 'request late' | 'answer lost'
  /** How much later PostgreSQL hears that the connection broke. Default 0. */
  readonly lingerMs?: number
}

/** What carries the octets: time, and what goes wrong. */
export interface Network {
  fateOf(unit: UnitInfo): Fate
  /** Milliseconds that a notification takes; null: it is lost. */
  notificationMs(to: string): number | null
  /** Runs `arrive` when so many milliseconds have passed: at PostgreSQL, or at a process, which may be frozen. */
  after(ms: number, at: 'server' | 'client', what: string, arrive: () => void): void
  /** An octet moved. */
  moved(): void
}

/** Something that is under way, in order: it arrives when it is there and everything before it has arrived. */
class Way {
  private readonly under: { there: boolean; readonly arrive: () => void }[] = []

  get empty(): boolean {
    return this.under.length === 0
  }

  /** Gives back what to call when it is there. */
  send(arrive: () => void): () => void {
    const one = { there: false, arrive }
    this.under.push(one)
    return () => {
      one.there = true
      while (this.under[0]?.there) this.under.shift()?.arrive()
    }
  }

  drop(): void {
    this.under.length = 0
  }
}

type Asked = { readonly unit: ClientUnit; readonly fate: Fate; readonly info: UnitInfo }

/** One connection of the process, and PostgreSQL's end of it. */
export class WireConnection {
  readonly number: number
  private readonly proxy: WireProxy
  private readonly client: Socket
  private backend: Backend | null = null
  private readonly asks = new ClientReader()
  private readonly requestWay = new Way()
  private readonly answerWay = new Way()
  private readonly unanswered: Asked[] = []
  private transaction: string[] = []
  /** The client's end is broken, or was closed. */
  private clientGone = false
  /** It breaks, and what it writes until it notices arrives. */
  private late = false
  /** Nothing more goes to PostgreSQL. */
  private serverClosed = false
  private lingerMs = 0
  /** PostgreSQL has not heard yet that the connection broke. */
  private lingers = false

  constructor(proxy: WireProxy, client: Socket, number: number) {
    this.proxy = proxy
    this.client = client
    this.number = number
    client.on('error', () => {})
    client.on('data', chunk => {
      proxy.network.moved()
      for (const unit of this.asks.read(chunk)) this.take(unit)
    })
    client.on('close', () => {
      proxy.network.moved()
      this.clientGone = true
      this.closeWhenDone()
    })
  }

  get listens(): boolean {
    return this.backend?.listens === true && !this.serverClosed
  }

  /** The connection breaks now, for both ends. */
  cut(lingerMs = 0): void {
    this.requestWay.drop()
    this.closeServer(lingerMs)
    this.breakClient(0)
  }

  /** As if the process had died: nothing more is heard of it, and it hears of nothing. */
  abandon(): void {
    this.clientGone = true
    this.answerWay.drop()
    this.requestWay.drop()
    this.closeServer(0)
  }

  private take(unit: ClientUnit): void {
    if (this.serverClosed || (this.clientGone && !this.late)) return
    const info = this.proxy.describe(this.number, unit, this.transaction)
    if (unit.is === 'work') this.transaction = [...info.transaction]
    const fate: Fate =
      unit.is === 'terminate' ? { requestMs: 0, answerMs: 0 } : this.proxy.network.fateOf(info)
    const there = this.requestWay.send(() => this.arriveAtServer({ unit, fate, info }))
    if (fate.breaks === 'request late') {
      this.late = true
      this.lingerMs = fate.lingerMs ?? 0
      this.breakClient(fate.answerMs)
    }
    this.when(fate.requestAfter, fate.requestMs, 'server', `${info.label} #${info.nth} asks`, there)
  }

  private arriveAtServer(asked: Asked): void {
    if (this.serverClosed) return
    const { unit, fate, info } = asked
    if (fate.breaks === 'request lost') {
      this.requestWay.drop()
      this.closeServer(fate.lingerMs ?? 0)
      this.breakClient(0)
      return
    }
    if (unit.is === 'terminate') {
      this.closeServer(0)
      return
    }
    this.unanswered.push(asked)
    this.proxy.events.toServer?.(info)
    if (unit.is !== 'startup') {
      this.backend?.send(unit)
      return
    }
    const backend = this.proxy.backends.take(unit, this)
    this.backend = backend
    // One that is at hand answers at once, and that answer may be the end.
    if (this.serverClosed) backend.release()
  }

  /** For the backend only. */
  answered(answer: Answer): void {
    const asked = this.unanswered.shift()
    if (asked === undefined) throw new Error('PostgreSQL has answered what nobody asked')
    const { fate, info } = asked
    const { status, failed } = answer
    if (status === 'I') this.transaction = []
    if (!failed && /^listen /i.test(info.label) && this.backend) this.backend.listens = true
    this.proxy.events.answered?.(info, status, failed)
    if (fate.breaks === 'answer lost') {
      this.requestWay.drop()
      this.closeServer(fate.lingerMs ?? 0)
      this.breakClient(fate.answerMs)
      return
    }
    const what = `${info.label} #${info.nth} is answered`
    const arrive = () => {
      this.proxy.events.heard?.(info, status)
      this.client.write(Buffer.concat(answer.messages))
    }
    this.arriveAtClient(what, fate.answerMs, arrive, fate.answerAfter)
    this.closeWhenDone()
  }

  /** For the backend only. */
  notified({ messages }: { readonly messages: readonly Buffer[] }): void {
    const ms = this.proxy.network.notificationMs(this.proxy.from)
    if (ms === null) return
    this.arriveAtClient('a notification', ms, () => this.client.write(Buffer.concat(messages)))
  }

  /** For the backend only. */
  gone(farewell: readonly Buffer[]): void {
    this.serverClosed = true
    this.unanswered.length = 0
    this.proxy.connections.delete(this)
    this.arriveAtClient('the connection ends', 0, () => {
      if (farewell.length > 0) this.client.write(Buffer.concat(farewell))
      this.client.end()
    })
  }

  private arriveAtClient(what: string, ms: number, arrive: () => void, after?: Promise<unknown>): void {
    if (this.clientGone) return
    const there = this.answerWay.send(() => {
      if (!this.clientGone) arrive()
    })
    this.when(after, ms, 'client', what, there)
  }

  private breakClient(ms: number): void {
    if (this.clientGone) return
    this.clientGone = true
    this.answerWay.drop()
    this.proxy.network.after(ms, 'client', 'the connection breaks', () => {
      this.late = false
      this.client.destroy()
      this.closeWhenDone()
    })
  }

  /** The client is gone: what it had written is done first. */
  private closeWhenDone(): void {
    if (this.lingers || !this.clientGone || this.late) return
    if (this.requestWay.empty && this.unanswered.length === 0) this.closeServer(this.lingerMs)
  }

  private closeServer(lingerMs: number): void {
    if (this.serverClosed) return
    if (lingerMs === 0) {
      this.serverClosed = true
      this.backend?.release()
      this.proxy.connections.delete(this)
      return
    }
    this.requestWay.drop()
    this.lingers = true
    const what = 'PostgreSQL hears that a connection broke'
    this.proxy.network.after(lingerMs, 'server', what, () => this.closeServer(0))
  }

  private when(
    after: Promise<unknown> | undefined,
    ms: number,
    at: 'server' | 'client',
    what: string,
    there: () => void,
  ): void {
    const go = () => this.proxy.network.after(ms, at, what, there)
    if (after === undefined) go()
    else after.then(go)
  }
}

export type ProxyEvents = {
  /** A unit goes to PostgreSQL. */
  toServer?(unit: UnitInfo): void
  /** PostgreSQL has answered it. */
  answered?(unit: UnitInfo, status: 'I' | 'T' | 'E', failed: boolean): void
  /** Its client has the answer. */
  heard?(unit: UnitInfo, status: 'I' | 'T' | 'E'): void
}

export class WireProxy implements AsyncDisposable {
  readonly from: string
  readonly network: Network
  readonly backends: Backends
  readonly events: ProxyEvents
  /** Where to connect to: the host of a DatabaseOptions. */
  readonly host: string
  readonly connections = new Set<WireConnection>()
  /** Whoever connects is cut off. */
  refuses = false
  private readonly server: Server
  private readonly counts = new Map<string, number>()
  private readonly sockets = new Set<Socket>()
  private made = 0

  private constructor(of: ProxyOptions, host: string, server: Server) {
    this.from = of.from
    this.network = of.network
    this.backends = of.backends
    this.events = of.events ?? {}
    this.host = host
    this.server = server
    server.on('connection', client => {
      this.network.moved()
      if (this.refuses) {
        client.destroy()
        return
      }
      this.made += 1
      this.sockets.add(client)
      client.once('close', () => this.sockets.delete(client))
      this.connections.add(new WireConnection(this, client, this.made))
    })
  }

  static async listen(of: ProxyOptions): Promise<WireProxy> {
    const host = mkdtempSync(join(tmpdir(), 'wire-'))
    const server = createServer()
    const proxy = new WireProxy(of, host, server)
    await new Promise<void>(resolve => server.listen(join(host, '.s.PGSQL.5432'), resolve))
    return proxy
  }

  /** Connections that are told of notifications. */
  get listeners(): number {
    return [...this.connections].filter(connection => connection.listens).length
  }

  /** Every connection breaks. */
  cutAll(lingerMs = 0): void {
    for (const connection of this.connections) connection.cut(lingerMs)
  }

  /** As if the process had been killed. */
  abandonAll(): void {
    this.refuses = true
    for (const connection of this.connections) connection.abandon()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>(resolve => this.server.close(() => resolve()))
    for (const connection of this.connections) connection.abandon()
    for (const socket of this.sockets) socket.destroy()
    await closed
    rmSync(this.host, { recursive: true, force: true })
  }

  /** For the connections only. */
  describe(connection: number, unit: ClientUnit, before: readonly string[]): UnitInfo {
    const nth = (this.counts.get(unit.label) ?? 0) + 1
    this.counts.set(unit.label, nth)
    return { from: this.from, connection, label: unit.label, nth, transaction: [...before, unit.label] }
  }
}

export type ProxyOptions = {
  readonly from: string
  readonly network: Network
  readonly backends: Backends
  readonly events?: ProxyEvents
}
