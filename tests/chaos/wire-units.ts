// PostgreSQL's wire protocol, cut into what a fault can be aimed at: a unit is what the client writes up to a Sync, or one
// simple query, and its answer is what the server says up to ReadyForQuery. Pure: octets in, units and answers out.
//
//   client   Parse Bind Describe Execute Sync | Query 'commit' | …        each a unit, also where many travel in one flush
//   server   1 2 T D C Z                      | C Z            | A        an answer each; a notification stands alone

/** What the client wants done, as it stands on the wire. */
export type ClientUnit = {
  readonly is: 'startup' | 'work' | 'terminate'
  readonly messages: readonly Buffer[]
  /** Names of the statements that it executes (unnamed: their text, shortened), joined by a plus. */
  readonly label: string
}

export type ServerUnit =
  /** The end of an answer. `status`: idle, in a transaction, in a failed one. */
  | {
      readonly is: 'answer'
      readonly messages: readonly Buffer[]
      readonly status: 'I' | 'T' | 'E'
      readonly failed: boolean
    }
  | { readonly is: 'notification'; readonly messages: readonly Buffer[] }

const SYNC = 'S'
const LABEL_LENGTH = 60

/** Reads what a client writes. */
export class ClientReader {
  private readonly octets = new Pieces()
  private started = false
  private messages: Buffer[] = []
  private labels: string[] = []
  /** Texts of unnamed statements: the last Parse counts. */
  private unnamed = ''

  read(chunk: Buffer): ClientUnit[] {
    this.octets.add(chunk)
    const units: ClientUnit[] = []
    for (;;) {
      const message = this.octets.takeMessage(this.started ? 1 : 0)
      if (message === null) return units
      if (!this.started) {
        this.started = true
        units.push({ is: 'startup', messages: [message], label: 'startup' })
        continue
      }
      const unit = this.add(message)
      if (unit !== null) units.push(unit)
    }
  }

  private add(message: Buffer): ClientUnit | null {
    const type = typeOf(message)
    this.messages.push(message)
    if (type === 'P') {
      const { name, text } = parsed(message)
      if (name === '') this.unnamed = shortened(text)
    }
    if (type === 'B') this.labels.push(textAt(message, textAt(message, 5).end).text || this.unnamed)
    if (type === 'Q') this.labels.push(shortened(textAt(message, 5).text))
    if (type === 'X') return this.unit('terminate', 'terminate')
    if (type !== SYNC && type !== 'Q' && type !== 'p') return null
    return this.unit('work', this.labels.join('+') || (type === 'p' ? 'password' : 'sync'))
  }

  private unit(is: ClientUnit['is'], label: string): ClientUnit {
    const unit = { is, messages: this.messages, label }
    this.messages = []
    this.labels = []
    return unit
  }
}

/** Reads what the server writes; `backendPid` and parameters are seen on the way. */
export class ServerReader {
  private readonly octets = new Pieces()
  private messages: Buffer[] = []
  private failed = false
  /** Of the server's process behind this connection; 0 until it has said so. */
  backendPid = 0

  read(chunk: Buffer): ServerUnit[] {
    this.octets.add(chunk)
    const units: ServerUnit[] = []
    for (;;) {
      const message = this.octets.takeMessage(1)
      if (message === null) return units
      const type = typeOf(message)
      if (type === 'A') {
        units.push({ is: 'notification', messages: [message] })
        continue
      }
      if (type === 'K') this.backendPid = message.readInt32BE(5)
      if (type === 'E') this.failed = true
      this.messages.push(message)
      if (type !== 'Z') continue
      const status = String.fromCharCode(message[5] as number) as 'I' | 'T' | 'E'
      units.push({ is: 'answer', messages: this.messages, status, failed: this.failed })
      this.messages = []
      this.failed = false
    }
  }

  /** What came after the last whole answer: a farewell of a server that ends the connection. */
  rest(): readonly Buffer[] {
    return this.messages
  }
}

/** Octets that come in pieces, given out message by message. */
class Pieces {
  private waiting: Buffer = Buffer.alloc(0)

  add(chunk: Buffer): void {
    this.waiting = this.waiting.length === 0 ? chunk : Buffer.concat([this.waiting, chunk])
  }

  /** A message has its length, four octets, after `before` octets that the length does not count. Null: not all is there. */
  takeMessage(before: number): Buffer | null {
    if (this.waiting.length < before + 4) return null
    const length = before + this.waiting.readInt32BE(before)
    if (this.waiting.length < length) return null
    const message = this.waiting.subarray(0, length)
    this.waiting = this.waiting.subarray(length)
    return message
  }
}

export function typeOf(message: Buffer): string {
  return String.fromCharCode(message[0] as number)
}

/** The name and text of a Parse. */
export function parsed(message: Buffer): { readonly name: string; readonly text: string } {
  const name = textAt(message, 5)
  return { name: name.text, text: textAt(message, name.end).text }
}

/** A simple query, as a unit. */
export function simpleQuery(text: string): ClientUnit {
  const octets = Buffer.from(`Q\0\0\0\0${text}\0`)
  octets.writeInt32BE(octets.length - 1, 1)
  return { is: 'work', messages: [octets], label: shortened(text) }
}

function textAt(message: Buffer, from: number): { readonly text: string; readonly end: number } {
  const zero = message.indexOf(0, from)
  return { text: message.toString('utf8', from, zero), end: zero + 1 }
}

function shortened(text: string): string {
  return text
    .replace(/^\s*--.*$/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, LABEL_LENGTH)
}
