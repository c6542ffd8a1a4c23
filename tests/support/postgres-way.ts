// A way to the tests' PostgreSQL that reads along: what the server sends in one write, and what PostgreSQL answers, message
// by message. It can be cut at any of them.
//
//   await using way = await postgresWay()
//   const db = new Database({ ...database.options, host: way.host })
//   way.writes                     // ['PBDEBES']: Parse, Bind, Describe, Execute, Bind, Execute, Sync in one write

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testPostgres } from './postgres.ts'

/** One message as it is on the wire: its code, its length, its content. */
export type Message = Buffer

export type PostgresWay = AsyncDisposable & {
  /** The directory of its socket. */
  readonly host: string
  /** The codes of the messages of each write since the connection was ready; emptied by `splice`. */
  readonly writes: string[]
  /** Every connection that was made. */
  readonly connections: number
  /** What becomes of a message to PostgreSQL, or of one of its answers: another message, none, or the end of the connection. */
  asked: (message: Message) => Message | null | 'cut'
  answered: (message: Message) => Message | null | 'cut'
}

export const codeOf = (message: Message): string => String.fromCharCode(message[0] ?? 0)

const pass = (message: Message) => message

export async function postgresWay(): Promise<PostgresWay> {
  const { host = '' } = await testPostgres()
  const directory = mkdtempSync(join(tmpdir(), 'standdown-way-'))
  const sockets = new Set<Socket>()
  const writes: string[] = []
  let connections = 0
  const server = createServer(client => {
    connections += 1
    const backend = connect(join(host, '.s.PGSQL.5432'))
    for (const socket of [client, backend]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        // What is on its way still arrives.
        for (const other of [client, backend]) other.end()
      })
    }
    const cut = () => {
      client.destroy()
      backend.end()
    }
    // The first message has no code; it says who connects.
    let started = false
    const asked = messages(message => forward(way.asked(message), backend, cut))
    client.on('data', chunk => {
      if (!started) {
        started = true
        backend.write(chunk)
        return
      }
      const codes = asked(chunk)
      if (codes !== '' && codes !== 'X') writes.push(codes)
    })
    const answered = messages(message => forward(way.answered(message), client, cut))
    backend.on('data', chunk => void answered(chunk))
  })
  server.listen(join(directory, '.s.PGSQL.5432'))
  await once(server, 'listening')
  const way: PostgresWay = {
    host: directory,
    writes,
    get connections() {
      return connections
    },
    asked: pass,
    answered: pass,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
      rmSync(directory, { recursive: true })
    },
  }
  return way
}

function forward(message: Message | null | 'cut', to: Socket, cut: () => void): boolean {
  if (message === 'cut') {
    cut()
    return false
  }
  if (message !== null) to.write(message)
  return true
}

/** Takes octets as they come, and hands on whole messages until `take` is false; gives the codes of those that ended with them. */
function messages(take: (message: Message) => boolean): (chunk: Buffer) => string {
  let waiting = Buffer.alloc(0)
  let going = true
  return chunk => {
    let codes = ''
    waiting = Buffer.concat([waiting, chunk])
    while (going && waiting.length >= 5 && waiting.length > waiting.readInt32BE(1)) {
      const message = waiting.subarray(0, waiting.readInt32BE(1) + 1)
      waiting = waiting.subarray(message.length)
      codes += codeOf(message)
      going = take(message)
    }
    return codes
  }
}
