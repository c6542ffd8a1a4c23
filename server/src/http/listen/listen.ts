// This folder opens ports and looks after their connections and certificates. This file opens one port, and
// says at which origin a listening server is called. It must not know a route: it hands requests to the
// server and refuses what is not HTTP.

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { portInUse } from './port-holder.ts'

type Listening = Pick<Server, 'once' | 'off' | 'listen' | 'address'>

/** Starts listening. @throws Error that says what to do about the port or the address */
export async function listenOn(
  server: Listening,
  port: number,
  host: string,
  setting: 'PORT' | 'TLS_PORT',
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host }, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code === 'EADDRINUSE') throw await portInUse(port, setting, error)
    if (code === 'EACCES')
      throw new Error(`${setting}=${port}: this user may not listen there. Choose a port above 1023.`, {
        cause: error,
      })
    if (code === 'EADDRNOTAVAIL')
      throw new Error(`HOST=${host}: this machine has no such address.`, { cause: error })
    throw error
  }
}

/** The origin at which programs on this machine call a listening server. */
export function originOf(scheme: 'http' | 'https', host: string, server: Listening): string {
  const { port } = server.address() as AddressInfo
  // Nobody can call a wildcard address.
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return new URL(`${scheme}://${name}:${port}`).origin
}

/** The same origin under every name of loopback: a page on this machine may have been opened under any of them. */
export function loopbackAliases(origin: string | null): readonly string[] {
  if (origin === null) return []
  const url = new URL(origin)
  if (!['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)) return []
  const port = url.port === '' ? '' : `:${url.port}`
  return ['localhost', '127.0.0.1', '[::1]'].map(name => `${url.protocol}//${name}${port}`)
}
