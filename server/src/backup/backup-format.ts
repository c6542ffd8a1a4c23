// The format of a backup file: gzip of lines of JSON, some of them followed by rows.
//
//   {"backup":"standdown","version":1,"createdAt":…,"migrations":[{"number":1,"name":"engine","checksum":…},…]}
//   {"table":"event","schema":"engine","columns":["shard",…]}
//   {"bytes":262143}        then that many bytes, whole rows in the text format of PostgreSQL's COPY
//   …
//   {"sequence":"sequence_number","schema":"engine","value":"4711"}
//   {"end":true,"sha256":…}        over every byte above
//
// PostgreSQL's text format gives every value back exactly, on any version. The checksum is last, so a file
// that was cut off anywhere has none. The sequence `sequence_number` numbers announcements and cancellations.

import { createHash } from 'node:crypto'
import { readInstant } from '../core/instant.ts'
import { storeFault } from '../store/faults.ts'

export const BACKUP_VERSION = 1

type BackupHeader = {
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
type EndEntry = { readonly end: true; readonly sha256: string }
type BackupEntry = TableEntry | RowsEntry | SequenceEntry | EndEntry

/** The longest line, since a line is read whole into memory; the longest ones list a table's columns. */
const LONGEST_LINE_BYTES = 1024 * 1024

/** Computes the checksum of what is written, for the last line. */
export class BackupDigest {
  private readonly hash = createHash('sha256')

  format(entry: BackupHeader | BackupEntry): Buffer {
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

/** Reads the unpacked bytes of a backup. Throws BACKUP_DAMAGED for everything that is wrong with them. */
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
    const header = (await this.readLine()) as Partial<BackupHeader> | null
    if (header?.backup !== 'standdown' || !Array.isArray(header.migrations))
      throw this.damaged('is no backup')
    if (typeof header.createdAt !== 'string' || !readInstant(header.createdAt))
      throw this.damaged('does not say when it was made')
    if (header.version !== BACKUP_VERSION) {
      throw storeFault.BACKUP_UNKNOWN({ file: this.file, version: header.version ?? null })
    }
    return header as BackupHeader
  }

  /** The next line; null after the last one, when the checksum and everything else was right. */
  async entry(): Promise<TableEntry | RowsEntry | SequenceEntry | null> {
    const sha256 = this.hash.copy().digest('hex')
    const entry = (await this.readLine()) as BackupEntry | null
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

  private async readLine(): Promise<unknown> {
    let end = this.rest.indexOf(0x0a)
    while (end < 0) {
      if (this.rest.length > LONGEST_LINE_BYTES) throw this.damaged('is no backup')
      if (!(await this.more())) return null
      end = this.rest.indexOf(0x0a)
    }
    const textLine = this.rest.subarray(0, end + 1)
    this.rest = this.rest.subarray(end + 1)
    this.hash.update(textLine)
    try {
      return JSON.parse(textLine.toString('utf8'))
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

  /** The fault for a file that differs from what was written. */
  damaged(reason: string, cause?: unknown): Error {
    return storeFault.BACKUP_DAMAGED({ file: this.file, reason }, cause)
  }
}
