// The routes of the server itself, which belong to no API: /openapi.json, /healthz, /readyz and /metrics.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { problemSchema } from '../../../wire/src/problem.ts'
import { type Config, isLoopback } from '../config/config.ts'
import { isForwarded } from '../core/forwarded.ts'
import { httpFault } from './faults.ts'
import type { Metrics } from './metrics.ts'
import { BEARER, OpenApi, schemasDescribeOnly } from './openapi.ts'
import { isWell, type ReadinessCheck, sharedCheck } from './readiness.ts'
import { withTimeout } from './with-timeout.ts'

export const OPENAPI_PATH = '/openapi.json'

const WARN_WITHIN_MS = 1000

/** The text of the warning; null: there is nothing to warn of. */
export type Warning = () => string | null | Promise<string | null>

export type ServerRoutesNeeds = {
  readonly openApi: OpenApi
  readonly metrics: Metrics
  readonly config: Pick<Config, 'trustProxy' | 'publicUrl' | 'metricsToken'>
  readonly checks: ReadonlyMap<string, ReadinessCheck>
  readonly warnings: ReadonlyMap<string, Warning>
  readonly wellForMs?: number
  readonly mayReadMetrics?: (request: FastifyRequest) => Promise<boolean>
}

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

/** The description, at /openapi.json, of what belongs to no API. */
export function serverOpenApi(version: string, descriptions: readonly string[]): OpenApi {
  return new OpenApi({
    title: 'Standdown, sign-in, pages and operation',
    description:
      'What belongs to none of the APIs: tokens, signing in, pages, and how the server is. `x-documents` are the addresses of the descriptions of the APIs.',
    version,
    shapes: [problemSchema],
    error: { type: 'application/problem+json', shape: 'Problem' },
    securitySchemes: BEARER,
    also: descriptions,
  })
}

export function addServerRoutes(app: FastifyInstance, needs: ServerRoutesNeeds): void {
  const { openApi, metrics, config } = needs
  const readiness = sharedCheck(needs.checks, needs.wellForMs)
  openApi.watch(app)
  schemasDescribeOnly(app)
  app.get(OPENAPI_PATH, { schema: SCHEMAS.openApi }, async () => openApi.document())
  app.get('/healthz', { schema: SCHEMAS.healthz }, async (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send('ok\n'),
  )
  app.get('/readyz', { schema: SCHEMAS.readyz }, async (request, reply) => {
    const results = await readiness()
    const ok = isWell(results)
    const verbose = Object.hasOwn(request.query as object, 'verbose')
    return reply.code(ok ? 200 : 503).send({
      ready: ok,
      checks: Object.fromEntries(results.map(r => [r.name, r.error ?? 'ok'])),
      ...(verbose ? { warnings: await warningTexts(needs.warnings) } : {}),
    })
  })
  app.get('/metrics', { schema: SCHEMAS.metrics }, async (request, reply) => {
    const may =
      isLocal(request, config) ||
      hasToken(request, config.metricsToken) ||
      (await needs.mayReadMetrics?.(request)) === true
    if (!may) throw httpFault.NOT_FOUND({ path: '/metrics' })
    return reply.type(metrics.contentType).send(await metrics.text())
  })
}

/** A warning that cannot be read now is left out: the checks say that the database is away. */
async function warningTexts(warnings: ReadonlyMap<string, Warning>): Promise<object> {
  const texts = await Promise.all(
    [...warnings].map(async ([name, warning]) => [
      name,
      await Promise.resolve()
        .then(() => withTimeout(WARN_WITHIN_MS, warning))
        .catch(() => null),
    ]),
  )
  return Object.fromEntries(texts.filter(([, text]) => text !== null))
}

/**
 * True for a request from this machine that came through no proxy. The peer's address counts, not what a header says. When the
 * settings allow callers from elsewhere, a proxy on this machine may stand for any of them, and some proxies add no header: then
 * no request is local.
 */
function isLocal(
  request: FastifyRequest,
  { trustProxy, publicUrl }: Pick<Config, 'trustProxy' | 'publicUrl'>,
): boolean {
  if (trustProxy !== false || (publicUrl !== null && !isLoopback(new URL(publicUrl).hostname))) return false
  return isLoopbackAddress(request.socket.remoteAddress ?? '') && !isForwarded(request.headers)
}

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}

/** The hashes have one length, which timingSafeEqual needs. */
function hasToken(request: FastifyRequest, wanted: string | null): boolean {
  const given = /^bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (wanted === null || given === undefined) return false
  const hashed = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hashed(given), hashed(wanted))
}
