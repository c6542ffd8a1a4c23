// A TCP port before the tests' PostgreSQL, which can take the database away from a server without touching it.
//
//   await using proxy = await databaseProxy()
//   await using server = await testServer({ DATABASE_URL: … }, { through: proxy })
//   proxy.mode = 'refuse'

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { testPostgres } from './postgres.ts'

/**
 * 'pass': as if it were not there. 'refuse': what is connected is cut off, and what comes too. 'swallow': connections
 * stand, and what is sent on them is lost, then and ever after: only a new connection reaches the database again.
 */
export type ProxyMode = 'pass' | 'refuse' | 'swallow'

export type DatabaseProxy = AsyncDisposable & {
  readonly port: number
  mode: ProxyMode
}

export async function databaseProxy(): Promise<DatabaseProxy> {
  const { host } = await testPostgres()
  const open = new Set<Socket>()
  /** Sockets on which nothing comes through any more. */
  const lost = new WeakSet<Socket>()
  let mode: ProxyMode = 'pass'

  const server = createServer(outside => {
    if (mode === 'refuse') {
      outside.resetAndDestroy()
      return
    }
    const inside = connect(`${host}/.s.PGSQL.5432`)
    for (const [from, to] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      open.add(from)
      if (mode === 'swallow') lost.add(from)
      from.on('error', () => {})
      from.on('data', chunk => {
        if (!lost.has(from)) to.write(chunk)
      })
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    get mode() {
      return mode
    },
    set mode(next) {
      mode = next
      for (const socket of open) {
        if (next === 'refuse') socket.destroy()
        if (next === 'swallow') lost.add(socket)
      }
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}
