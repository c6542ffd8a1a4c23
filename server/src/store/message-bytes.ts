// Writes the messages of PostgreSQL's extended query protocol, one after the other in one buffer, so that a group of statements is
// sent with one write. The driver writes each message by itself, and every array as text.
// https://www.postgresql.org/docs/current/protocol-message-formats.html

import { createRequire } from 'node:module'
import { type ArrayType, putArray } from './binary-arrays.ts'

/** The driver's own conversion of a value to text, for all values that are not written otherwise here. */
const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils.js') as {
  readonly prepareValue: (value: unknown) => string | Buffer | null
}

const EXECUTE = Buffer.from('E\0\0\0\x09\0\0\0\0\0', 'latin1')
const DESCRIBE_PORTAL = Buffer.from('D\0\0\0\x06P\0', 'latin1')
const SYNC = Buffer.from('S\0\0\0\x04', 'latin1')
const NULL_LENGTH = -1
const AS_TEXT = 0
const AS_BINARY = 1
const MAX_PARAMETERS = 0xffff

const FIRST_BYTES = 4 * 1024
/** A larger buffer is released after the write: large batches are rare, and there are many connections. */
const KEPT_BYTES = 256 * 1024

export class MessageBytes {
  bytes = Buffer.allocUnsafe(FIRST_BYTES)
  at = 0

  /** All that was written. Valid until something else is written here. */
  get written(): Buffer {
    return this.bytes.subarray(0, this.at)
  }

  /** Forgets what was written. */
  clear(): void {
    this.at = 0
    if (this.bytes.length > KEPT_BYTES) this.bytes = Buffer.allocUnsafe(FIRST_BYTES)
  }

  /** Makes room for `size` octets more. */
  reserve(size: number): void {
    const wanted = this.at + size
    if (wanted <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(wanted, this.bytes.length * 2))
    this.bytes.copy(larger, 0, 0, this.at)
    this.bytes = larger
  }

  int16(value: number): void {
    this.reserve(2)
    this.bytes[this.at++] = value >> 8
    this.bytes[this.at++] = value
  }

  int32(value: number): void {
    this.reserve(4)
    this.setInt32(this.at, value)
    this.at += 4
  }

  setInt32(at: number, value: number): void {
    const { bytes } = this
    bytes[at] = value >> 24
    bytes[at + 1] = value >> 16
    bytes[at + 2] = value >> 8
    bytes[at + 3] = value
  }

  octets(octets: Uint8Array): void {
    this.reserve(octets.length)
    this.bytes.set(octets, this.at)
    this.at += octets.length
  }

  /** UTF-8, its length in octets before it. */
  text(text: string): void {
    this.reserve(4 + text.length * 3)
    const length = this.bytes.write(text, this.at + 4, 'utf8')
    this.setInt32(this.at, length)
    this.at += 4 + length
  }

  parse(name: string, text: string): void {
    const start = this.open('P')
    this.terminated(name)
    this.terminated(text)
    // PostgreSQL infers the types of the parameters.
    this.int16(0)
    this.close(start)
  }

  /** `arrays[i]` is set where the statement says that parameter i + 1 is an array of that type. */
  bind(name: string, values: readonly unknown[], arrays: readonly (ArrayType | undefined)[]): void {
    if (values.length > MAX_PARAMETERS) throw new Error(`statement ${name} has ${values.length} parameters`)
    const start = this.open('B')
    this.terminated('')
    this.terminated(name)
    this.int16(values.length)
    const formatsAt = this.at
    for (const _ of values) this.int16(AS_TEXT)
    this.int16(values.length)
    for (const [i, value] of values.entries()) {
      if (this.value(value, arrays[i]) === AS_BINARY) this.bytes[formatsAt + 2 * i + 1] = AS_BINARY
    }
    // Every result as text.
    this.int16(0)
    this.close(start)
  }

  describePortal(): void {
    this.octets(DESCRIBE_PORTAL)
  }

  execute(): void {
    this.octets(EXECUTE)
  }

  sync(): void {
    this.octets(SYNC)
  }

  /** A simple query: it may hold several statements, and needs no Sync. */
  query(text: string): void {
    const start = this.open('Q')
    this.terminated(text)
    this.close(start)
  }

  private value(value: unknown, type: ArrayType | undefined): typeof AS_TEXT | typeof AS_BINARY {
    if (type !== undefined && Array.isArray(value)) {
      const start = this.at
      this.int32(0)
      if (putArray(this, type, value)) {
        this.setInt32(start, this.at - start - 4)
        return AS_BINARY
      }
      this.at = start
    }
    const written = typeof value === 'string' ? value : prepareValue(value)
    if (written === null) this.int32(NULL_LENGTH)
    else if (typeof written === 'string') this.text(written)
    else {
      this.int32(written.length)
      this.octets(written)
      return AS_BINARY
    }
    return AS_TEXT
  }

  private terminated(text: string): void {
    // A zero octet would end the text, and PostgreSQL would read the rest as something else.
    if (text.includes('\0')) throw new Error(`a statement has a zero octet in it: ${JSON.stringify(text)}`)
    this.reserve(text.length * 3 + 1)
    this.at += this.bytes.write(text, this.at, 'utf8')
    this.bytes[this.at++] = 0
  }

  private open(code: string): number {
    const start = this.at
    this.reserve(5)
    this.bytes[start] = code.charCodeAt(0)
    this.at += 5
    return start
  }

  /** The length of a message includes the length field itself, but not the code before it. */
  private close(start: number): void {
    this.setInt32(start + 1, this.at - start - 1)
  }
}
