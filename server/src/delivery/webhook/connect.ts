// Opens the connection for one webhook: resolves the name, checks every address, and connects to one that is allowed. No octet of
// a request is written here, so until it returns, nothing has happened at the receiver.

import { isIP, connect as netConnect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { portOf } from '../../core/effects/lane.ts'
import { type AllowList, allowsHost, isMetadata, refusedAddress } from './address-guard.ts'
import { hostOf } from './endpoint.ts'

/** Thrown when no address of the host may be reached: trying again does not help until the allow-list changes. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

export type ConnectOptions = {
  readonly url: URL
  readonly allowed: AllowList
  /** The addresses of a host name, best first. */
  readonly lookup: (host: string) => Promise<readonly string[]>
  /** Further trusted authorities, PEM. */
  readonly ca?: string | undefined
  /** For all addresses together, ms: each gets its share. */
  readonly connectMs: number
  /** Aborted: rejects with its reason, and the socket is destroyed. */
  readonly signal: AbortSignal
}

/** A connected socket, its TLS handshake done and its certificate checked for https. */
export async function openConnection(options: ConnectOptions): Promise<Socket> {
  const { url, allowed, lookup, signal } = options
  const host = hostOf(url)
  const port = portOf(url)
  const addresses = isIP(host) ? [host] : await unlessAborted(lookup(host), signal)
  if (addresses.length === 0) throw new Error(`${host} has no address`)
  const trusted = allowsHost(allowed, host, port)
  const refusals = addresses.map(address =>
    // A name on the allow-list never includes the metadata service of a cloud, whatever it resolves to. Only its address does.
    trusted && (isIP(host) || !isMetadata(address)) ? null : refusedAddress(address, allowed),
  )
  const open = addresses.filter((_, i) => refusals[i] === null)
  if (open.length === 0) {
    throw new AddressRefused(`${host} is at ${addresses[0]} (${refusals[0]}), which is not on the allow-list`)
  }
  let failure: unknown
  for (const address of open) {
    try {
      return await connectTo(address, { ...options, host, port, connectMs: options.connectMs / open.length })
    } catch (error) {
      signal.throwIfAborted()
      failure = error
    }
  }
  throw failure
}

function connectTo(
  address: string,
  options: ConnectOptions & { readonly host: string; readonly port: number },
): Promise<Socket> {
  const { url, host, port, ca, connectMs, signal } = options
  const secure = url.protocol === 'https:'
  // The address and never the name, so that nothing is looked up a second time.
  const socket: Socket = secure
    ? tlsConnect({ host: address, port, servername: isIP(host) ? '' : host, ALPNProtocols: ['http/1.1'], ca })
    : netConnect({ host: address, port })
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const onAbort = () => {
    socket.destroy()
    reject(signal.reason)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${connectMs} ms`)), connectMs)
  socket.once(secure ? 'secureConnect' : 'connect', () => resolve(socket))
  socket.once('error', reject)
  socket.once('close', () => reject(new Error('the connection was closed')))
  return promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  })
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const onAbort = () => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  work.then(resolve, reject)
  return promise.finally(() => signal.removeEventListener('abort', onAbort))
}
