// The one HTTP server: a Fastify instance that answers on plain HTTP and on HTTPS. Each API is a plugin with an error
// handler of its own; what is here holds for all of them.

import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  fastify,
} from 'fastify'
import { type Problem, problemSchema } from '../../../wire/src/problem.ts'
import { type Config, isLoopback } from '../config/config.ts'
import type { Fault } from '../core/fault.ts'
import { isForwarded } from '../core/forwarded.ts'
import { corsHook } from './cors.ts'
import { declaredMethods } from './declared-methods.ts'
import { BODY_LIMIT_BYTES, faultOf, httpFault, RETRY_AFTER_SECONDS } from './fault-of.ts'
import { hostGuard } from './host-guard.ts'
import type { Html } from './html.ts'
import { isLargeBody, JSON_TYPE, parseJsonBody, parseLargeJsonBody } from './json-body.ts'
import { type Certificate, certificateFor } from './listen/certificate.ts'
import { type ConnectionLimits, Connections, connectionsFor, openFilesLimit } from './listen/connections.ts'
import { readAway } from './listen/drain-body.ts'
import { listenOn, originOf, twins } from './listen/listen.ts'
import { refuseNoHttp } from './listen/malformed-http.ts'
import { logOptions } from './log.ts'
import { LongAnswers } from './long-responses.ts'
import { alone, type Metrics } from './metrics.ts'
import { BEARER, OpenApi, schemasDescribeOnly } from './openapi.ts'
import { problemOf } from './problem-of.ts'
import { isWell, type ReadinessCheck, sharedLook } from './readiness.ts'
import { holdsNul, isUndecodable, requestPath } from './request-path.ts'
import { secureHeaders, strictTransport } from './security-headers.ts'
import { withinTime } from './with-timeout.ts'

/** What there is to warn of; null: nothing. */
type Warning = () => string | null | Promise<string | null>

export interface Http {
  /** Register APIs and pages on this before `listen`. */
  readonly app: FastifyInstance
  readonly metrics: Metrics
  /** Where streams and waits are counted: half of all connections at most. */
  readonly longAnswers: LongAnswers
  /** Describes, at /openapi.json, what belongs to none of the APIs. */
  readonly openApi: OpenApi
  /** Each as `METHOD /path`, or `ANY /path` where it takes every method. Complete after `listen`. */
  readonly routes: readonly string[]
  /** Adds a line to /readyz. */
  ready(name: string, check: ReadinessCheck): void
  /** Adds what /readyz?verbose may warn of, which leaves it ready; null: nothing. Anybody may read it. */
  warn(name: string, warning: Warning): void
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
  readonly metrics: Metrics
  readonly config: Pick<
    Config,
    | 'host'
    | 'port'
    | 'tlsPort'
    | 'publicUrl'
    | 'dataDir'
    | 'tls'
    | 'trustProxy'
    | 'corsOrigins'
    | 'logLevel'
    | 'hstsSeconds'
    | 'metricsToken'
  >
  /** For the certificate's dates. */
  readonly now: () => Date
  /** Of this server, for its description. Default: not told. */
  readonly version?: string
  /** Addresses at which APIs describe themselves. */
  readonly descriptions?: readonly string[]
  /** Where log lines go. Default: standard output. */
  readonly logStream?: { write(line: string): void }
  /** While the demo is on only known host names are answered to, which stops DNS rebinding. Read at every request. */
  readonly demo?: () => boolean
  /** Who may read /metrics besides this machine and the holder of METRICS_TOKEN. Default: nobody. */
  readonly mayReadMetrics?: (request: FastifyRequest) => Promise<boolean>
  /** The page that is sent of a problem to who asks for pages, null to who does not. Default: nobody does. */
  readonly problemPage?: (request: FastifyRequest, problem: Problem) => Html | null
  /** How long /readyz goes on saying that all is well without a new look, ms. Default 100. */
  readonly wellForMs?: number
  /** Default: what the system's limit of open files leaves, and 15 s. */
  readonly connections?: ConnectionLimits | undefined
  /** How long a request may take to come in with its body, ms. Default 60 s. */
  readonly requestTimeoutMs?: number
}

// A slow or silent client holds a connection this long at most.
const HEADERS_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 60_000
const KEEP_ALIVE_MS = 65_000
const GRACE_MS = 5_000
const WARN_WITHIN_MS = 1000
/** Streams and waits of one caller at once. */
const LONG_ANSWERS_EACH = 32

const serverOptions = (requestTimeoutMs: number): ServerOptions => ({
  headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
  requestTimeout: requestTimeoutMs,
  keepAliveTimeout: KEEP_ALIVE_MS,
  connectionsCheckingInterval: Math.min(5_000, requestTimeoutMs / 4),
  maxHeaderSize: 16_384,
  // Graph's documentation prints requests in absolute form without a Host header; Host is used for nothing here.
  requireHostHeader: false,
})

export const OPENAPI_PATH = '/openapi.json'

const plain = { isPublic: true, produces: 'text/plain', response: { 200: { type: 'string' } } }
const SCHEMAS = {
  openApi: { summary: 'This description.', isPublic: true },
  healthz: { ...plain, summary: 'Whether the process answers.' },
  readyz: {
    summary: 'Whether it can do its work.',
    isPublic: true,
    querystring: { properties: { verbose: { type: 'string', description: 'Warnings too.' } } },
    response: { 200: { type: 'object' }, 503: { type: 'object' } },
  },
  metrics: { ...plain, summary: 'Measurements, for Prometheus. From this machine, or by who may.' },
}

export function createHttp(needs: HttpNeeds): Http {
  const { config, metrics } = needs
  const checks = new Map<string, ReadinessCheck>()
  const warnings = new Map<string, Warning>()
  const servers: Server[] = []
  const limits = needs.connections ?? {
    most: connectionsFor(openFilesLimit()),
    firstRequestMs: HEADERS_TIMEOUT_MS,
  }
  const connections = new Connections(limits)
  const nodeOptions = serverOptions(needs.requestTimeoutMs ?? REQUEST_TIMEOUT_MS)
  const longAnswers = new LongAnswers({ each: LONG_ANSWERS_EACH, all: Math.ceil(limits.most / 2) })
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
    // Each API says who reads its schemas (openapi.ts). Fastify's own are not made.
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    serverFactory: fastifyHandler => {
      handler = fastifyHandler as RequestListener
      plain = createServer(nodeOptions, handler)
      connections.watch(plain)
      return plain
    },
    clientErrorHandler: refuseNoHttp,
    frameworkErrors: (error, request, reply) => {
      void sendProblem(request as FastifyRequest, reply as FastifyReply, httpFault.BAD_REQUEST({}, error))
    },
  }
  const app = fastify(options)
  const methodsOf = declaredMethods(app)
  const routes: string[] = []
  app.addHook('onRoute', ({ method, url }) => {
    const methods = Array.isArray(method) && method.includes('TRACE') ? ['ANY'] : [method].flat()
    for (const each of methods) if (each !== 'HEAD') routes.push(`${each} ${url}`)
  })

  app.removeAllContentTypeParsers()
  app.addContentTypeParser(JSON_TYPE, { parseAs: 'buffer' }, (_request, body, done) => {
    const octets = body as Buffer
    if (isLargeBody(octets)) {
      parseLargeJsonBody(octets).then(value => done(null, value), done)
      return
    }
    try {
      done(null, parseJsonBody(octets))
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

  const requests = metrics.histogram({
    name: 'standdown_http_request_seconds',
    help: 'Time to answer a request, by route and status.',
    labels: ['method', 'route', 'status'],
  })
  metrics.gauge(
    { name: 'standdown_http_connections', help: 'Connections that callers have open.', labels: [] },
    () => alone(connections.count),
  )
  const readiness = sharedLook(checks, needs.wellForMs)
  let closing = false
  const hsts = strictTransport({ publicUrl: config.publicUrl, seconds: config.hstsSeconds })
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    // On the answer itself: also for routes that write it themselves.
    if (hsts !== null && request.protocol === 'https') reply.raw.setHeader('strict-transport-security', hsts)
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
  app.addHook('onSend', async (request, reply) => {
    if (!request.raw.complete && reply.getHeader('connection') === 'close') {
      reply.removeHeader('connection')
      readAway(request.raw)
    }
    // As late as can be: a request that was under way must not leave an idle connection behind.
    if (closing) reply.header('connection', 'close')
    if ((reply.statusCode === 503 || reply.statusCode === 429) && !reply.hasHeader('retry-after'))
      reply.header('retry-after', String(RETRY_AFTER_SECONDS))
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    const { method } = request
    requests.observe({ method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000)
  })

  app.setErrorHandler((error, request, reply) => {
    const fault = faultOf(error)
    logFault(request, fault, error)
    sayWhen(fault, reply)
    return sendProblem(request, reply, fault)
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]!
    const allowed = methodsOf(path)
    if (allowed.length === 0) return sendProblem(request, reply, httpFault.NOT_FOUND({ path: shown(path) }))
    reply.header('allow', allowed.join(', '))
    const fault = httpFault.METHOD_NOT_ALLOWED({ path: shown(path), allowed: allowed.join(', ') })
    return sendProblem(request, reply, fault)
  })

  function sendProblem(request: FastifyRequest, reply: FastifyReply, fault: Fault): FastifyReply {
    const problem = problemOf(fault)
    const page = needs.problemPage?.(request, problem) ?? null
    varyByAccept(reply)
    reply.code(fault.status)
    if (page !== null) return reply.type('text/html; charset=utf-8').send(page.toString())
    return reply.type('application/problem+json').send(problem)
  }

  const openApi = new OpenApi({
    title: 'Standdown, sign-in, pages and operation',
    description:
      'What belongs to none of the APIs: tokens, signing in, pages, and how the server is. `x-documents` are the addresses of the descriptions of the APIs.',
    version: needs.version ?? '0',
    shapes: [problemSchema],
    error: { type: 'application/problem+json', shape: 'Problem' },
    securitySchemes: BEARER,
    also: needs.descriptions ?? [],
  })
  void app.register(async own => {
    openApi.watch(own)
    schemasDescribeOnly(own)
    own.get(OPENAPI_PATH, { schema: SCHEMAS.openApi }, async () => openApi.document())
    own.get('/healthz', { schema: SCHEMAS.healthz }, async (_request, reply) =>
      reply.type('text/plain; charset=utf-8').send('ok\n'),
    )
    own.get('/readyz', { schema: SCHEMAS.readyz }, async (request, reply) => {
      const results = await readiness()
      const ok = isWell(results)
      const verbose = Object.hasOwn(request.query as object, 'verbose')
      return reply.code(ok ? 200 : 503).send({
        ready: ok,
        checks: Object.fromEntries(results.map(r => [r.name, r.error ?? 'ok'])),
        ...(verbose ? { warnings: await said(warnings) } : {}),
      })
    })
    own.get('/metrics', { schema: SCHEMAS.metrics }, async (request, reply) => {
      const may =
        isNear(request, config) ||
        hasToken(request, config.metricsToken) ||
        (await needs.mayReadMetrics?.(request)) === true
      if (!may) throw httpFault.NOT_FOUND({ path: '/metrics' })
      return reply.type(metrics.contentType).send(await metrics.text())
    })
  })

  async function open(): Promise<void> {
    await listenOn(plain!, config.port, config.host, 'PORT')
    servers.push(plain!)
    localOrigin = originOf('http', config.host, plain!)
    origin ??= localOrigin
    if (config.tlsPort === null) return
    certificate = await certificateFor(config, needs.now, (file, reason) =>
      app.log.warn({ file, reason }, 'the certificate is made anew: who trusts it has to read it again'),
    )
    const { cert, key } = certificate
    const tls = createTlsServer(
      { ...nodeOptions, cert, key, minVersion: 'TLSv1.2', handshakeTimeout: HEADERS_TIMEOUT_MS },
      handler,
    )
    tls.on('clientError', refuseNoHttp)
    connections.watch(tls as unknown as Server)
    await listenOn(tls, config.tlsPort, config.host, 'TLS_PORT')
    servers.push(tls as unknown as Server)
    tlsOrigin = originOf('https', config.host, tls)
  }

  let closed: Promise<void> | undefined
  function close(graceMs = GRACE_MS): Promise<void> {
    closing = true
    closed ??= closeAll(app, servers, graceMs).finally(() => connections.stop())
    return closed
  }

  return {
    app,
    metrics,
    longAnswers,
    openApi,
    routes,
    ready: (name, check) => void checks.set(name, check),
    warn: (name, warning) => void warnings.set(name, warning),
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

/** Logs what the operator must see: our own failures with their cause; a caller's mistakes, and what is not offered (501), only at debug. */
export function logFault(request: FastifyRequest, fault: Fault, error: unknown): void {
  const cause = error === fault ? fault.cause : error
  if (fault.status >= 500 && fault.status !== 501)
    request.log.error({ code: fault.code, err: cause ?? fault }, 'request failed')
  else request.log.debug({ code: fault.code, status: fault.status }, 'request refused')
}

/** A page for one and data for another at the same address: nobody in between may take one for the other. */
export function varyByAccept(reply: FastifyReply): void {
  const names = [reply.getHeader('vary') ?? []].flat().map(String)
  if (!names.some(name => /\baccept\b/i.test(name))) reply.header('vary', [...names, 'Accept'].join(', '))
}

/** Retry-After, where the fault knows. */
export function sayWhen(fault: Fault, reply: FastifyReply): void {
  const { retryAfterSeconds } = fault.data
  if (typeof retryAfterSeconds === 'number') reply.header('retry-after', String(retryAfterSeconds))
}

/**
 * From this machine, and not through a proxy on it: the peer itself, not what a header says of it. Where the settings say that
 * others come in, everybody may come from a proxy here, and some proxies add no header.
 */
function isNear(
  request: FastifyRequest,
  { trustProxy, publicUrl }: Pick<Config, 'trustProxy' | 'publicUrl'>,
): boolean {
  if (trustProxy !== false || (publicUrl !== null && !isLoopback(new URL(publicUrl).hostname))) return false
  return isLoopbackAddress(request.socket.remoteAddress ?? '') && !isForwarded(request.headers)
}

function hasToken(request: FastifyRequest, wanted: string | null): boolean {
  const given = /^bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (wanted === null || given === undefined) return false
  const hashed = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hashed(given), hashed(wanted))
}

/** What cannot be told now is left out: that the database is away stands among the checks. */
async function said(warnings: ReadonlyMap<string, Warning>): Promise<object> {
  const texts = await Promise.all(
    [...warnings].map(async ([name, warning]) => [
      name,
      await Promise.resolve()
        .then(() => withinTime(WARN_WITHIN_MS, warning))
        .catch(() => null),
    ]),
  )
  return Object.fromEntries(texts.filter(([, text]) => text !== null))
}

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}

/** Of an address that a caller made up, what stands in an answer. */
function shown(path: string): string {
  return path.slice(0, 200)
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

function noCompiler(): never {
  throw new Error('a route has a schema, and its plugin does not say what reads it')
}
