// A backup file: gzip of lines of JSON, of which some are followed by rows.
//
//   {"backup":"standdown","version":1,"createdAt":…,"migrations":[{"number":1,"name":"engine","checksum":…},…]}
//   {"table":"event","schema":"engine","columns":["shard",…]}
//   {"bytes":262143}        then that many bytes, whole rows in the text format of PostgreSQL's COPY
//   …
//   {"sequence":"birth","schema":"engine","value":"4711"}
//   {"end":true,"sha256":…}        over every byte above
//
// PostgreSQL's text format gives every value back exactly, on any version. The checksum stands last, so a file that
// was cut off anywhere has none.

import { createHash } from 'node:crypto'
import { readInstant } from '../core/instant.ts'
import { storeFault } from '../store/faults.ts'

export const BACKUP_VERSION = 1

export type BackupHeader = {
  readonly backup: 'standdown'
  readonly version: number
  /** ISO 8601. */
  readonly createdAt: string
  readonly migrations: readonly {
    readonly number: number
    readonly name: string
    readonly checksum: string
  }[]
}
export type TableEntry = {
  readonly table: string
  readonly schema: string
  readonly columns: readonly string[]
}
export type RowsEntry = { readonly bytes: number }
export type SequenceEntry = { readonly sequence: string; readonly schema: string; readonly value: string }
export type EndEntry = { readonly end: true; readonly sha256: string }
export type BackupEntry = TableEntry | RowsEntry | SequenceEntry | EndEntry

/** A line is read whole into memory: a table's columns, at most. */
const LONGEST_LINE_BYTES = 1024 * 1024

/** Adds up what is written, for the last line. */
export class BackupDigest {
  private readonly hash = createHash('sha256')

  line(entry: BackupHeader | BackupEntry): Buffer {
    return this.bytes(Buffer.from(`${JSON.stringify(entry)}\n`))
  }

  bytes(bytes: Buffer): Buffer {
    this.hash.update(bytes)
    return bytes
  }

  end(): Buffer {
    return Buffer.from(`${JSON.stringify({ end: true, sha256: this.hash.digest('hex') })}\n`)
  }
}

/** Reads the unpacked bytes of a backup. Everything that is wrong with them is BACKUP_DAMAGED. */
export class BackupReader {
  private readonly source: AsyncIterator<Buffer>
  private readonly hash = createHash('sha256')
  private readonly file: string
  private rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>, file: string) {
    this.source = source[Symbol.asyncIterator]()
    this.file = file
  }

  async header(): Promise<BackupHeader> {
    const header = (await this.line()) as Partial<BackupHeader> | null
    if (header?.backup !== 'standdown' || !Array.isArray(header.migrations))
      throw this.damaged('is no backup')
    if (typeof header.createdAt !== 'string' || !readInstant(header.createdAt))
      throw this.damaged('does not say when it was made')
    if (header.version !== BACKUP_VERSION) {
      throw storeFault.BACKUP_UNKNOWN({ file: this.file, version: header.version ?? null })
    }
    return header as BackupHeader
  }

  /** The next line that is not the last; null at the end, when the checksum and everything else was right. */
  async entry(): Promise<TableEntry | RowsEntry | SequenceEntry | null> {
    const sha256 = this.hash.copy().digest('hex')
    const entry = (await this.line()) as BackupEntry | null
    if (entry === null || typeof entry !== 'object') throw this.damaged('is cut off')
    if (!('end' in entry)) return entry
    if (entry.sha256 !== sha256) throw this.damaged('has a wrong checksum')
    if (this.rest.length > 0 || (await this.more())) throw this.damaged('goes on after its end')
    return null
  }

  /** The bytes that follow a rows entry, in pieces. */
  async *rows(entry: RowsEntry): AsyncGenerator<Buffer> {
    let left = entry.bytes
    while (left > 0) {
      if (this.rest.length === 0 && !(await this.more())) throw this.damaged('is cut off')
      const piece = this.rest.subarray(0, left)
      this.rest = this.rest.subarray(piece.length)
      left -= piece.length
      this.hash.update(piece)
      yield piece
    }
  }

  private async line(): Promise<unknown> {
    let end = this.rest.indexOf(0x0a)
    while (end < 0) {
      if (this.rest.length > LONGEST_LINE_BYTES) throw this.damaged('is no backup')
      if (!(await this.more())) return null
      end = this.rest.indexOf(0x0a)
    }
    const line = this.rest.subarray(0, end + 1)
    this.rest = this.rest.subarray(end + 1)
    this.hash.update(line)
    try {
      return JSON.parse(line.toString('utf8'))
    } catch (error) {
      throw this.damaged('holds a line that is not JSON', error)
    }
  }

  private async more(): Promise<boolean> {
    const next = await this.source.next().catch(error => {
      throw this.damaged((error as Error).message, error)
    })
    if (next.done) return false
    this.rest = this.rest.length === 0 ? next.value : Buffer.concat([this.rest, next.value])
    return true
  }

  /** What is thrown for a file that is not what was written. */
  damaged(reason: string, cause?: unknown): Error {
    return storeFault.BACKUP_DAMAGED({ file: this.file, reason }, cause)
  }
}
