// The one HTTP server: a Fastify instance that answers on plain HTTP and on HTTPS. Each API is a plugin with an error
// handler of its own; what is here holds for all of them.

import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  fastify,
} from 'fastify'
import type { Config } from '../config.ts'
import type { Fault } from '../core/fault.ts'
import { type Certificate, certificateFor } from './certificate.ts'
import { corsHook } from './cors.ts'
import { BODY_LIMIT_BYTES, faultOf, httpFault, RETRY_AFTER_SECONDS } from './fault-of.ts'
import { hostGuard } from './host-guard.ts'
import { JSON_TYPE, parseJsonBody } from './json-body.ts'
import { listenOn, originOf, twins } from './listen.ts'
import { logOptions } from './log.ts'
import { Metrics } from './metrics.ts'
import { problemOf } from './problem-of.ts'
import { holdsNul, isUndecodable, requestPath } from './request-path.ts'
import { secureHeaders } from './security-headers.ts'

/** Resolves when the thing checked is well; rejects with the reason when it is not. */
export type ReadinessCheck = () => Promise<void>

export interface Http {
  /** Register APIs and pages on this before `listen`. */
  readonly app: FastifyInstance
  readonly metrics: Metrics
  /** Adds a line to /readyz. */
  ready(name: string, check: ReadinessCheck): void
  /** Adds a line to /readyz?verbose, which does not decide whether it is ready; null: nothing to say. */
  tell(name: string, say: () => Promise<string | null>): void
  /** The origin of every link: PUBLIC_URL, else http://HOST:PORT. @throws Error before `listen` when it is not known yet */
  publicUrl(): string
  /** Where programs on this machine call it, whatever PUBLIC_URL says; null before `listen`. */
  localUrl(): string | null
  /** Origins that pages of ours have in a browser, for the check of cookie-authenticated writes. */
  ownOrigins(): ReadonlySet<string>
  /** The origin of HTTPS, null when there is none or before `listen`. */
  tlsUrl(): string | null
  /** Where the certificate lies for clients that must be told to trust it; null before `listen` and without HTTPS. */
  certificateFile(): string | null
  /** @throws PortInUse naming the process that holds the port */
  listen(): Promise<void>
  /** Takes no new requests, lets those under way end for `graceMs`, then closes. May be called twice, or before listen. */
  close(graceMs?: number): Promise<void>
}

export type HttpNeeds = {
  readonly config: Pick<
    Config,
    'host' | 'port' | 'tlsPort' | 'publicUrl' | 'dataDir' | 'tls' | 'trustProxy' | 'corsOrigins' | 'logLevel'
  >
  /** For the certificate's dates. */
  readonly now: () => Date
  /** Where log lines go. Default: standard output. */
  readonly logStream?: { write(line: string): void }
  /** While the demo is on only known host names are answered to, which stops DNS rebinding. Read at every request. */
  readonly demo?: () => boolean
  /** Who may read /metrics besides this machine. Default: nobody. */
  readonly mayReadMetrics?: (request: FastifyRequest) => Promise<boolean>
}

// A slow or silent client holds a connection this long at most.
const HEADERS_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 60_000
const KEEP_ALIVE_MS = 65_000
const GRACE_MS = 5_000

const SERVER_OPTIONS: ServerOptions = {
  headersTimeout: HEADERS_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16_384,
  // Graph's documentation prints requests in absolute form without a Host header; Host is used for nothing here.
  requireHostHeader: false,
}

export function createHttp(needs: HttpNeeds): Http {
  const { config } = needs
  const metrics = new Metrics()
  const checks = new Map<string, ReadinessCheck>()
  const told = new Map<string, () => Promise<string | null>>()
  const servers: Server[] = []
  let handler: RequestListener | undefined
  let plain: Server | undefined
  let certificate: Certificate | null = null
  let origin = config.publicUrl
  let localOrigin: string | null = null
  let tlsOrigin: string | null = null

  const options: FastifyServerOptions = {
    bodyLimit: BODY_LIMIT_BYTES,
    logger: logOptions(config.logLevel, needs.logStream),
    trustProxy:
      config.trustProxy === true || config.trustProxy === false ? config.trustProxy : [...config.trustProxy],
    genReqId: () => randomUUID(),
    rewriteUrl: request => requestPath(request.url ?? '/'),
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, maxParamLength: 1000 },
    // Values are taken as they are: no "12" for 12, no fields taken away.
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false },
    },
    serverFactory: fastifyHandler => {
      handler = fastifyHandler as RequestListener
      plain = createServer(SERVER_OPTIONS, handler)
      return plain
    },
    frameworkErrors: (error, _request, reply) => {
      const fault = httpFault.BAD_REQUEST({}, error)
      void (reply as FastifyReply).code(400).type('application/problem+json').send(problemOf(fault))
    },
  }
  const app = fastify(options)

  app.removeAllContentTypeParsers()
  app.addContentTypeParser(JSON_TYPE, { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJsonBody(body as Buffer))
    } catch (error) {
      done(error as Error)
    }
  })

  // A type is about a body: some clients name one (text/plain) and send nothing.
  app.addContentTypeParser('*', (request, _body, done) => {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
    const isEmpty = encoding === undefined && (length === undefined || length === '0')
    done(isEmpty ? null : httpFault.UNSUPPORTED_MEDIA_TYPE(), undefined)
  })

  const requests = metrics.histogram(
    'standdown_http_request_seconds',
    'Time to answer a request, by route and status.',
  )
  let closing = false
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  app.addHook('onRequest', hostGuard({ on: needs.demo ?? (() => false), publicUrl: () => origin }))
  app.addHook('onRequest', corsHook(config.corsOrigins))
  // Not by the router, and after every onRequest: so the API that was meant knows the caller, and gives it its shape.
  app.addHook('preParsing', async request => {
    if (isUndecodable(request.originalUrl)) throw httpFault.BAD_REQUEST()
    // PostgreSQL takes no NUL, so nothing is ever called by one.
    if (holdsNul(request.originalUrl)) throw httpFault.UNSTORABLE_TEXT({ at: 'the address', fault: 'nul' })
    const encoding = request.headers['content-encoding'] ?? 'identity'
    if (encoding.toLowerCase() !== 'identity')
      throw httpFault.ENCODED_BODY({ encoding: encoding.slice(0, 50) })
  })
  app.addHook('onSend', secureHeaders)
  app.addHook('onSend', async (_request, reply) => {
    // As late as can be: a request that was under way must not leave an idle connection behind.
    if (closing) reply.header('connection', 'close')
    if (reply.statusCode === 503 && !reply.hasHeader('retry-after'))
      reply.header('retry-after', String(RETRY_AFTER_SECONDS))
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    requests.observe(reply.elapsedTime / 1000, {
      method: request.method,
      route,
      status: String(reply.statusCode),
    })
  })

  app.setErrorHandler((error, request, reply) => {
    const fault = faultOf(error)
    logFault(request, fault, error)
    return reply.code(fault.status).type('application/problem+json').send(problemOf(fault))
  })
  app.setNotFoundHandler((request, reply) => {
    const fault = httpFault.NOT_FOUND({ path: request.url.split('?')[0]!.slice(0, 200) })
    return reply.code(404).type('application/problem+json').send(problemOf(fault))
  })

  app.get('/healthz', async (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok\n'))
  app.get('/readyz', async (request, reply) => {
    const results = await Promise.all(
      [...checks].map(async ([name, check]) => ({ name, error: await failureOf(check) })),
    )
    const ok = results.every(result => result.error === null)
    const verbose = (request.query as { verbose?: unknown }).verbose !== undefined
    const notes = verbose ? { notes: await notesOf(told) } : {}
    return reply
      .code(ok ? 200 : 503)
      .send({ ready: ok, checks: Object.fromEntries(results.map(r => [r.name, r.error ?? 'ok'])), ...notes })
  })
  app.get('/metrics', async (request, reply) => {
    // The peer itself, not what a header says of it; behind a trusted proxy everybody comes from this machine.
    const near = config.trustProxy === false && isLoopbackAddress(request.socket.remoteAddress ?? '')
    if (!near && !(await needs.mayReadMetrics?.(request))) throw httpFault.NOT_FOUND({ path: '/metrics' })
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics.text())
  })

  async function open(): Promise<void> {
    await listenOn(plain!, config.port, config.host, 'PORT')
    servers.push(plain!)
    localOrigin = originOf('http', config.host, plain!)
    origin ??= localOrigin
    if (config.tlsPort === null) return
    certificate = await certificateFor(config, needs.now)
    const { cert, key } = certificate
    const tls = createTlsServer({ ...SERVER_OPTIONS, cert, key, minVersion: 'TLSv1.2' }, handler)
    await listenOn(tls, config.tlsPort, config.host, 'TLS_PORT')
    servers.push(tls as unknown as Server)
    tlsOrigin = originOf('https', config.host, tls)
  }

  let closed: Promise<void> | undefined
  function close(graceMs = GRACE_MS): Promise<void> {
    closing = true
    closed ??= closeAll(app, servers, graceMs)
    return closed
  }

  return {
    app,
    metrics,
    ready: (name, check) => void checks.set(name, check),
    tell: (name, say) => void told.set(name, say),
    publicUrl() {
      if (origin === null) throw new Error('the public URL is known after listen only')
      return origin
    },
    localUrl: () => localOrigin,
    ownOrigins: () =>
      new Set([origin, tlsOrigin, ...twins(origin), ...twins(tlsOrigin)].filter(o => o !== null)),
    tlsUrl: () => tlsOrigin,
    certificateFile: () => certificate?.file ?? null,
    async listen() {
      await app.ready()
      try {
        await open()
      } catch (error) {
        // Half of it may be listening already, and would keep the process alive.
        await close(0)
        throw error
      }
    },
    close,
  }
}

/** Logs what the operator must see: our own failures with their cause; a caller's mistakes only at debug. */
export function logFault(request: FastifyRequest, fault: Fault, error: unknown): void {
  const cause = error === fault ? fault.cause : error
  if (fault.status >= 500) request.log.error({ code: fault.code, err: cause ?? fault }, 'request failed')
  else request.log.debug({ code: fault.code, status: fault.status }, 'request refused')
}

async function failureOf(check: ReadinessCheck): Promise<string | null> {
  try {
    await check()
    return null
  } catch (error) {
    // Names only: what a driver says may hold addresses and names of the inside.
    return error instanceof Error ? error.name : 'failed'
  }
}

/** What cannot be told now is left out: that the database is away stands among the checks. */
async function notesOf(told: ReadonlyMap<string, () => Promise<string | null>>): Promise<object> {
  const notes = await Promise.all([...told].map(async ([name, say]) => [name, await say().catch(() => null)]))
  return Object.fromEntries(notes.filter(([, note]) => note !== null))
}

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}

async function closeAll(app: FastifyInstance, servers: readonly Server[], graceMs: number): Promise<void> {
  const ended = servers.map(server => new Promise<void>(resolve => void server.close(() => resolve())))
  for (const server of servers) server.closeIdleConnections()
  const timer = setTimeout(() => {
    for (const server of servers) server.closeAllConnections()
  }, graceMs)
  await Promise.all(ended)
  clearTimeout(timer)
  await app.close()
}
