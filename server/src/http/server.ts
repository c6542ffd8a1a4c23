// The one HTTP server: a Fastify instance that answers on plain HTTP and on HTTPS. Each API is a plugin with an error handler of its
// own; what stands in this folder holds for all of them. This room knows paths, headers and bodies. It must not know any domain.

import { randomUUID } from 'node:crypto'
import type { RequestListener } from 'node:http'
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  fastify,
} from 'fastify'
import type { Config } from '../config/config.ts'
import { logFault, type ProblemPage, problemSender, type SendProblem, setRetryAfter } from './answer-fault.ts'
import { addBodyParsers } from './body-parsers.ts'
import { declaredMethods } from './declared-methods.ts'
import { BODY_LIMIT_BYTES, faultOf } from './fault-of.ts'
import { httpFault } from './faults.ts'
import { type ConnectionLimits, Connections, connectionsFor, openFilesLimit } from './listen/connections.ts'
import { HEADERS_TIMEOUT_MS, Listeners } from './listen/listeners.ts'
import { refuseMalformedHttp } from './listen/malformed-http.ts'
import { logOptions } from './log.ts'
import { LongResponses } from './long-responses.ts'
import { alone, type Metrics } from './metrics.ts'
import type { OpenApi } from './openapi.ts'
import type { ReadinessCheck } from './readiness.ts'
import { addRequestHooks } from './request-hooks.ts'
import { requestPath } from './request-path.ts'
import { addServerRoutes, serverOpenApi, type Warning } from './server-routes.ts'

export interface Http {
  /** Register APIs and pages on this before `listen`. */
  readonly app: FastifyInstance
  readonly metrics: Metrics
  /** Counts streams and waits: together they may hold half of all connections. */
  readonly longResponses: LongResponses
  /** Describes, at /openapi.json, what belongs to no API. */
  readonly openApi: OpenApi
  /** Each as `METHOD /path`, or `ANY /path` where it takes every method. Complete after `listen`. */
  readonly routes: readonly string[]
  /** Adds a line to /readyz. */
  ready(name: string, check: ReadinessCheck): void
  /** Adds a warning to /readyz?verbose. The server stays ready. Anybody may read it. */
  warn(name: string, warning: Warning): void
  /** The origin of every link: PUBLIC_URL, else http://HOST:PORT. @throws Error before `listen` when it is not known yet */
  publicUrl(): string
  /** The address for programs on this machine, whatever PUBLIC_URL says; null before `listen`. */
  localUrl(): string | null
  /** Origins that pages of ours have in a browser, for the check of cookie-authenticated writes. */
  ownOrigins(): ReadonlySet<string>
  /** The origin of HTTPS, null when there is none or before `listen`. */
  tlsUrl(): string | null
  /** The file of the certificate, for clients that have to be told to trust it; null before `listen` and without HTTPS. */
  certificateFile(): string | null
  /** @throws PortInUse naming the process that holds the port */
  listen(): Promise<void>
  /** Takes no new requests, waits up to `graceMs` for those under way, then closes. May be called twice, or before `listen`. */
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
  /** For the dates of the certificate. */
  readonly now: () => Date
  /** The version of this server, for its description. */
  readonly version?: string
  /** Addresses at which APIs describe themselves. */
  readonly descriptions?: readonly string[]
  /** Where log lines go. Default: standard output. */
  readonly logStream?: { write(textLine: string): void }
  /** While the demo is on, only known host names are answered, which stops DNS rebinding. Read at every request. */
  readonly demo?: () => boolean
  /** Who may read /metrics besides this machine and the holder of METRICS_TOKEN. Default: nobody. */
  readonly mayReadMetrics?: (request: FastifyRequest) => Promise<boolean>
  /** The page of a problem, for a request that wants a page; null for one that does not. Default: no request gets a page. */
  readonly problemPage?: ProblemPage
  /** How long /readyz may repeat a good result without a new check, ms. Default 100. */
  readonly wellForMs?: number
  /** Default: as many connections as the system's limit of open files leaves, and 15 s. */
  readonly connections?: ConnectionLimits | undefined
  /** How long a request may take to come in with its body, ms. Default 60 s. */
  readonly requestTimeoutMs?: number
}

const GRACE_MS = 5_000
/** Streams and waits of one caller at once. */
const LONG_RESPONSES_EACH = 32

export function createHttp(needs: HttpNeeds): Http {
  const { config, metrics } = needs
  const checks = new Map<string, ReadinessCheck>()
  const warnings = new Map<string, Warning>()
  const limits = needs.connections ?? {
    maxConnections: connectionsFor(openFilesLimit()),
    firstRequestMs: HEADERS_TIMEOUT_MS,
  }
  const connections = new Connections(limits)
  const listeners = new Listeners(needs, connections)
  const longResponses = new LongResponses({
    each: LONG_RESPONSES_EACH,
    all: Math.ceil(limits.maxConnections / 2),
  })
  const sendProblem = problemSender(needs.problemPage)
  const app = fastify(fastifyOptions(needs, listeners, sendProblem))
  const routes = routesOf(app)
  let closing = false
  metrics.gauge(
    { name: 'standdown_http_connections', help: 'Connections that callers have open.', labels: [] },
    () => alone(connections.count),
  )
  addFaultHandlers(app, sendProblem)
  addBodyParsers(app)
  addRequestHooks(app, {
    config,
    metrics,
    hostGuard: { on: needs.demo ?? (() => false), publicUrl: () => listeners.publicOrigin },
    isClosing: () => closing,
  })
  const openApi = serverOpenApi(needs.version ?? '0', needs.descriptions ?? [])
  void app.register(async own => addServerRoutes(own, { ...needs, openApi, checks, warnings }))

  let closed: Promise<void> | undefined
  function close(graceMs = GRACE_MS): Promise<void> {
    closing = true
    closed ??= listeners
      .close(graceMs)
      .then(() => app.close())
      .finally(() => connections.stop())
    return closed
  }

  return {
    app,
    metrics,
    longResponses,
    openApi,
    routes,
    ready: (name, check) => void checks.set(name, check),
    warn: (name, warning) => void warnings.set(name, warning),
    publicUrl() {
      if (listeners.publicOrigin === null) throw new Error('the public URL is known after listen only')
      return listeners.publicOrigin
    },
    localUrl: () => listeners.localOrigin,
    ownOrigins: () => listeners.ownOrigins(),
    tlsUrl: () => listeners.tlsOrigin,
    certificateFile: () => listeners.certificateFile,
    async listen() {
      await app.ready()
      try {
        await listeners.open(app.log)
      } catch (error) {
        // HTTP may be listening already, and would keep the process alive.
        await close(0)
        throw error
      }
    },
    close,
  }
}

function fastifyOptions(
  { config, logStream }: HttpNeeds,
  listeners: Listeners,
  sendProblem: SendProblem,
): FastifyServerOptions {
  const { trustProxy } = config
  return {
    bodyLimit: BODY_LIMIT_BYTES,
    logger: logOptions(config.logLevel, logStream),
    trustProxy: typeof trustProxy === 'boolean' ? trustProxy : [...trustProxy],
    genReqId: () => randomUUID(),
    rewriteUrl: request => requestPath(request.url ?? '/'),
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, maxParamLength: 1000 },
    // Each API says who reads its schemas (openapi.ts), so Fastify's own compilers are not made.
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    serverFactory: handler => listeners.create(handler as RequestListener),
    clientErrorHandler: refuseMalformedHttp,
    frameworkErrors: (error, request, reply) => {
      void sendProblem(request as FastifyRequest, reply as FastifyReply, httpFault.BAD_REQUEST({}, error))
    },
  }
}

/** Filled as routes are added; each as `METHOD /path`. */
function routesOf(app: FastifyInstance): readonly string[] {
  const routes: string[] = []
  app.addHook('onRoute', ({ method, url }) => {
    const methods = Array.isArray(method) && method.includes('TRACE') ? ['ANY'] : [method].flat()
    for (const each of methods) if (each !== 'HEAD') routes.push(`${each} ${url}`)
  })
  return routes
}

function addFaultHandlers(app: FastifyInstance, sendProblem: SendProblem): void {
  const methodsOf = declaredMethods(app)
  app.setErrorHandler((error, request, reply) => {
    const fault = faultOf(error)
    logFault(request, fault, error)
    setRetryAfter(fault, reply)
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
}

/** The caller made this address up, so only its beginning is repeated in an answer. */
function shown(path: string): string {
  return path.slice(0, 200)
}

function noCompiler(): never {
  throw new Error('a route has a schema, and its plugin does not say what reads it')
}
