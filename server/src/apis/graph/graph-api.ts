// The Graph API as a Fastify plugin: one wildcard for each prefix, and path.ts reads the address behind it. Every error is answered in
// Graph's shape, as JSON with a content type: its clients need both. This room translates only; it must not decide what a cancel does.

import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../../core/principal.ts'
import { logFault } from '../../http/answer-fault.ts'
import { faultOf } from '../../http/fault-of.ts'
import { asGraphFault, errorBody, graphFault } from './faults.ts'
import type { GraphRequest, GraphResponse, Version } from './graph-request.ts'
import type { GraphNeeds } from './needs.ts'
import { graphOpenApi, OPENAPI } from './openapi.ts'
import { operate } from './operations.ts'
import { readPath } from './path.ts'
import { readPreferences } from './preferences.ts'

const JSON_TYPE =
  'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8'
/** Characters of a client-request-id; a longer one is ignored. */
const MAX_REQUEST_ID = 128
const VERSIONS: readonly Version[] = ['v1.0', 'beta', 'docs/api']

export function graphApi(needs: GraphNeeds): FastifyPluginAsync {
  return async app => {
    const document = graphOpenApi().document()
    for (const version of VERSIONS) app.get(`/${version}${OPENAPI}`, async () => document)
    for (const version of VERSIONS) await app.register(inVersion(needs, version), { prefix: `/${version}` })
  }
}

function inVersion(needs: GraphNeeds, version: Version): FastifyPluginAsync {
  return async (app: FastifyInstance) => {
    // The server's own parser reads JSON. Any other type is refused, unless there is no body at all.
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
      if (body.length === 0) done(null, undefined)
      else done(graphFault.UnsupportedMediaType())
    })
    const principals = new WeakMap<FastifyRequest, Principal>()
    app.addHook('onRequest', async (request, reply) => {
      reply.header('request-id', request.id)
      reply.header('client-request-id', clientRequestId(request) ?? request.id)
      // Before the body is read, so that a caller without a valid token cannot have JSON parsed.
      const { authorization } = request.headers
      principals.set(request, await needs.auth.authenticate(authorization, { scheme: 'bearer' }))
    })
    app.setErrorHandler((error, request, reply) => {
      const known = faultOf(error)
      logFault(request, known, error)
      const fault = asGraphFault(known)
      const ids = {
        requestId: request.id,
        clientRequestId: clientRequestId(request) ?? request.id,
        at: needs.now(),
      }
      if (fault.status === 401) reply.header('www-authenticate', 'Bearer realm="", error="invalid_token"')
      if (typeof fault.data.allow === 'string') reply.header('allow', fault.data.allow)
      if (typeof fault.data.receiptId === 'string') receiptHeader(reply, fault.data.receiptId)
      return reply.code(fault.status).type('application/json; charset=utf-8').send(errorBody(fault, ids))
    })
    const handler = async (request: FastifyRequest, reply: FastifyReply) => {
      const principal = principals.get(request)
      if (!principal) throw graphFault.InvalidAuthenticationToken({ detail: 'Access token is empty.' })
      return await send(reply, await answer(needs, { version, principal, request }))
    }
    // Unknown addresses and methods go to the same handler, so that they are answered in Graph's shape too.
    app.all('/', handler)
    app.all('/*', handler)
    app.setNotFoundHandler(handler)
  }
}

type Inside = { readonly version: Version; readonly principal: Principal; readonly request: FastifyRequest }

async function answer(needs: GraphNeeds, { version, principal, request }: Inside): Promise<Answered> {
  // The draft's table: "Delegated (personal Microsoft account): Not supported".
  if (version === 'docs/api' && (await needs.directory.tenant(principal.tenant))?.consumers)
    throw graphFault.ErrorAccessDenied()
  const [whole = '', search = ''] = split(request.url)
  const path = whole.slice(version.length + 2)
  const prefer = readPreferences(request.headers.prefer)
  const graphRequest: GraphRequest = {
    needs,
    principal,
    version,
    method: request.method === 'HEAD' ? 'GET' : request.method,
    steps: readPath(path),
    path,
    search,
    root: `${needs.publicUrl()}/${version}`,
    prefer,
    body: request.body,
    clientRequestId: clientRequestId(request),
    parent: request.headers['standdown-parent'],
    ifMatch: request.headers['if-match'] ?? null,
  }
  return { ...(await operate(graphRequest)), applied: prefer.applied }
}

type Answered = GraphResponse & { readonly applied: readonly string[] }

function send(reply: FastifyReply, { status, body, receiptId, location, applied }: Answered): FastifyReply {
  if (receiptId) receiptHeader(reply, receiptId)
  if (location) reply.header('location', location)
  reply.code(status)
  if (body === undefined) return reply.send()
  if (applied.length > 0) reply.header('preference-applied', applied.join(', '))
  return reply.type(JSON_TYPE).send(body)
}

function receiptHeader(reply: FastifyReply, receiptId: string): void {
  reply.header('standdown-receipt', `/api/v1/receipts/${receiptId}`)
}

function split(url: string): readonly [string, string] {
  const at = url.indexOf('?')
  return at === -1 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
}

/** Graph asks for a GUID. Any short printable text is accepted: it only has to be equal for the same request. */
function clientRequestId(request: FastifyRequest): string | null {
  const given = request.headers['client-request-id']
  const isShort = typeof given === 'string' && given.length <= MAX_REQUEST_ID
  return isShort && /^[\x21-\x7e]+$/.test(given) ? given : null
}
