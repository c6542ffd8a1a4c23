// PostgreSQL's COPY, streamed over one connection: the fastest way in and out, and the one that gives every value back
// exactly. The driver passes COPY's messages to the running query; the classes here are such queries.

import { once } from 'node:events'
import type pg from 'pg'

// Parts of the driver's connection that are missing in its types.
type CopyConnection = pg.Connection & {
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
  sendCopyFail(message: string): void
}

const BATCH_BYTES = 256 * 1024
const MAX_WAITING_BYTES = 4 * BATCH_BYTES

/** Rows of `copy … to stdout`, in pieces of about 256 KiB that end at the end of a row. */
export async function* copyOut(client: pg.Client, text: string): AsyncGenerator<Buffer> {
  const query = new CopyOut(text)
  client.query(query)
  yield* query.batches()
}

/** Feeds `copy … from stdin`. When `chunks` throws, nothing is copied and its error is thrown. */
export async function copyIn(client: pg.Client, text: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  const query = new CopyIn(text, chunks)
  client.query(query)
  await query.done
}

class CopyOut {
  private readonly text: string
  private connection: CopyConnection | undefined
  private waiting: Buffer[] = []
  private waitingBytes = 0
  private ended = false
  private failure: Error | undefined
  private changed = Promise.withResolvers<void>()

  constructor(text: string) {
    this.text = text
  }

  async *batches(): AsyncGenerator<Buffer> {
    for (;;) {
      if (this.failure) throw this.failure
      if (this.waitingBytes >= BATCH_BYTES || (this.ended && this.waitingBytes > 0)) {
        const batch = Buffer.concat(this.waiting)
        this.waiting = []
        this.waitingBytes = 0
        this.connection?.stream.resume()
        yield batch
        continue
      }
      if (this.ended) return
      await this.changed.promise
      this.changed = Promise.withResolvers<void>()
    }
  }

  submit(connection: pg.Connection): void {
    this.connection = connection as CopyConnection
    connection.query(this.text)
  }

  handleCopyData(message: { chunk: Buffer }): void {
    // A copy, because the driver reuses the memory of its messages.
    this.waiting.push(Buffer.from(message.chunk))
    this.waitingBytes += message.chunk.length
    if (this.waitingBytes >= MAX_WAITING_BYTES) this.connection?.stream.pause()
    if (this.waitingBytes >= BATCH_BYTES) this.changed.resolve()
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.ended = true
    this.changed.resolve()
  }

  handleError(error: Error): void {
    this.failure = error
    this.changed.resolve()
  }
}

class CopyIn {
  readonly done: Promise<void>
  private readonly text: string
  private readonly chunks: AsyncIterable<Buffer>
  private readonly settled = Promise.withResolvers<void>()
  private readonly refused = new AbortController()
  private sourceError: Error | undefined

  constructor(text: string, chunks: AsyncIterable<Buffer>) {
    this.text = text
    this.chunks = chunks
    this.done = this.settled.promise
  }

  submit(connection: pg.Connection): void {
    connection.query(this.text)
  }

  handleCopyInResponse(connection: CopyConnection): void {
    this.feed(connection).catch((error: Error) => {
      if (this.refused.signal.aborted) return
      // PostgreSQL answers with an error; after it the connection is usable again.
      this.sourceError = error
      connection.sendCopyFail('the source of the rows failed')
    })
  }

  private async feed(connection: CopyConnection): Promise<void> {
    for await (const chunk of this.chunks) {
      this.refused.signal.throwIfAborted()
      connection.sendCopyFromChunk(chunk)
      if (connection.stream.writableNeedDrain) {
        await once(connection.stream, 'drain', { signal: this.refused.signal })
      }
    }
    connection.endCopyFrom()
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.settled.resolve()
  }

  handleError(error: Error): void {
    this.refused.abort(error)
    this.settled.reject(this.sourceError ?? error)
  }
}
