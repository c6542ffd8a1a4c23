// The listening sockets: HTTP, and HTTPS beside it. Both give their requests to the same handler.

import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../../config/config.ts'
import { type Certificate, certificateFor } from './certificate.ts'
import type { Connections } from './connections.ts'
import { listenOn, loopbackAliases, originOf } from './listen.ts'
import { refuseMalformedHttp } from './malformed-http.ts'

/** The longest time that a client may take to send the headers of a request, or a TLS handshake. */
export const HEADERS_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 60_000
const KEEP_ALIVE_MS = 65_000

export type ListenerNeeds = {
  readonly config: Pick<Config, 'host' | 'port' | 'tlsPort' | 'publicUrl' | 'dataDir' | 'tls'>
  readonly now: () => Date
  readonly requestTimeoutMs?: number
}

export class Listeners {
  readonly #needs: ListenerNeeds
  readonly #connections: Connections
  readonly #options: ServerOptions
  readonly #servers: Server[] = []
  #handler: RequestListener | undefined
  #plain: Server | undefined
  #certificate: Certificate | null = null
  #origin: string | null
  #localOrigin: string | null = null
  #tlsOrigin: string | null = null

  constructor(needs: ListenerNeeds, connections: Connections) {
    this.#needs = needs
    this.#connections = connections
    this.#options = serverOptions(needs.requestTimeoutMs ?? REQUEST_TIMEOUT_MS)
    this.#origin = needs.config.publicUrl
  }

  /** PUBLIC_URL, else http://HOST:PORT; null while it is not known. */
  get publicOrigin(): string | null {
    return this.#origin
  }

  get localOrigin(): string | null {
    return this.#localOrigin
  }

  get tlsOrigin(): string | null {
    return this.#tlsOrigin
  }

  get certificateFile(): string | null {
    return this.#certificate?.file ?? null
  }

  /** Origins that pages of ours have in a browser. */
  ownOrigins(): ReadonlySet<string> {
    const [origin, tlsOrigin] = [this.#origin, this.#tlsOrigin]
    const all = [origin, tlsOrigin, ...loopbackAliases(origin), ...loopbackAliases(tlsOrigin)]
    return new Set(all.filter(each => each !== null))
  }

  /** The HTTP server, for Fastify's serverFactory. It does not listen yet. */
  create(handler: RequestListener): Server {
    this.#handler = handler
    this.#plain = createServer(this.#options, handler)
    this.#connections.watch(this.#plain)
    return this.#plain
  }

  /** @throws PortInUse, or an Error that says what to do about the port, the address or the certificate */
  async open(log: FastifyBaseLogger): Promise<void> {
    const { config, now } = this.#needs
    const plain = this.#plain
    if (!plain) throw new Error('the HTTP server was opened before it was created')
    await listenOn(plain, config.port, config.host, 'PORT')
    this.#servers.push(plain)
    this.#localOrigin = originOf('http', config.host, plain)
    this.#origin ??= this.#localOrigin
    if (config.tlsPort === null) return
    this.#certificate = await certificateFor(config, now, (file, reason) =>
      log.warn({ file, reason }, 'the certificate is made anew: who trusts it has to read it again'),
    )
    const { cert, key } = this.#certificate
    const tls = createTlsServer(
      { ...this.#options, cert, key, minVersion: 'TLSv1.2', handshakeTimeout: HEADERS_TIMEOUT_MS },
      this.#handler,
    )
    tls.on('clientError', refuseMalformedHttp)
    this.#connections.watch(tls as unknown as Server)
    await listenOn(tls, config.tlsPort, config.host, 'TLS_PORT')
    this.#servers.push(tls as unknown as Server)
    this.#tlsOrigin = originOf('https', config.host, tls)
  }

  /** Takes no new connections. Requests that are under way may end within `graceMs`; then their connections are cut. */
  async close(graceMs: number): Promise<void> {
    const servers = this.#servers
    const ended = servers.map(server => new Promise<void>(resolve => void server.close(() => resolve())))
    for (const server of servers) server.closeIdleConnections()
    const timer = setTimeout(() => {
      for (const server of servers) server.closeAllConnections()
    }, graceMs)
    await Promise.all(ended)
    clearTimeout(timer)
  }
}

function serverOptions(requestTimeoutMs: number): ServerOptions {
  return {
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.min(5_000, requestTimeoutMs / 4),
    maxHeaderSize: 16_384,
    // Graph's documentation prints requests in absolute form without a Host header. We use Host for nothing.
    requireHostHeader: false,
  }
}
