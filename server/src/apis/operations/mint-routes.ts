// Tokens, credentials and sign-in links for whoever runs the server: what `./standdown token` and `./standdown app` call.

import { credentialSchemas } from '@standdown/wire/src/credentials.ts'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { Auth, Authenticated } from '../../auth/auth.ts'
import { authFault } from '../../auth/faults.ts'
import { isOperatorKey, isServerOperator } from '../../auth/principals.ts'
import { readScopes } from '../../auth/scopes.ts'
import type { SecurityEvent, SecurityFacts } from '../../auth/security-log.ts'
import { invalidRequest } from '../../http/faults.ts'
import { schemasAreChecked } from '../../http/openapi.ts'
import { domainOf } from '../../workspace/ids.ts'
import { auditContextOf } from '../native/audit-context.ts'
import { sendProblem } from '../native/problem.ts'
import { nothing, response } from '../native/route-schema.ts'
import { operationFault } from './faults.ts'

type TokenOrder = {
  readonly tenant?: string
  readonly user?: string
  readonly app?: string
  readonly operator?: boolean
  readonly instanceId?: string
  readonly site?: string
  readonly scope?: string
  readonly ttlSeconds?: number
}

const NAME = { type: 'string', minLength: 1, maxLength: 320 } as const
const TOKEN_ORDER = {
  type: 'object',
  additionalProperties: false,
  properties: {
    tenant: NAME,
    user: NAME,
    app: NAME,
    operator: { const: true },
    instanceId: NAME,
    site: { ...NAME, description: 'Of an app with several: the name, siteId or instanceId of one.' },
    scope: { type: 'string', maxLength: 4000 },
    ttlSeconds: { type: 'integer', minimum: 1, maximum: 30 * 86_400 },
  },
} as const
const LINK_ORDER = {
  type: 'object',
  additionalProperties: false,
  required: ['user'],
  properties: { tenant: NAME, user: NAME },
} as const
const KEY_ORDER = {
  type: 'object',
  additionalProperties: false,
  required: ['label'],
  properties: { label: NAME },
} as const

const ROTATION = {
  type: 'object',
  additionalProperties: false,
  properties: { now: { type: 'boolean' } },
} as const

const IN_TENANT = {
  type: 'object',
  additionalProperties: false,
  properties: { tenant: { ...NAME, description: 'Where the server has several.' } },
} as const
const paramsOf = (...names: string[]) => ({
  type: 'object',
  required: names,
  properties: Object.fromEntries(names.map(name => [name, NAME])),
})

/** Below /api/v1. */
export function mintRoutes(auth: Auth): FastifyPluginAsync {
  return async app => {
    app.setErrorHandler(sendProblem)
    schemasAreChecked(app)
    for (const schema of credentialSchemas) app.addSchema(schema)
    const operators = new WeakMap<FastifyRequest, Authenticated>()

    // Only the operator's own keys may do this: a person who is an admin must not be able to act as somebody else.
    app.addHook('onRequest', async request => {
      const caller = await auth.authenticated(request.headers.authorization, { scheme: 'bearer' })
      if (!isOperatorKey(caller.principal, auth.installation.id))
        throw authFault.FORBIDDEN({ needs: "the operator's token" })
      operators.set(request, caller)
    })

    /** The tenant of the operator's token; null: it is the server's own key, which is for all tenants. */
    function ownTenant(request: FastifyRequest): string | null {
      const { principal } = operators.get(request)!
      return isServerOperator(principal) ? null : principal.tenant
    }

    function record(request: FastifyRequest, event: SecurityEvent, facts: SecurityFacts): void {
      auth.securityLog.record(event, auditContextOf(request, operators.get(request)!.principal), facts)
    }

    /** The tenant of the request: the one that it names, the operator's own, the one of the person's domain, or the only one. */
    async function tenantOf(
      request: FastifyRequest,
      order: { tenant?: string; user?: string },
    ): Promise<string> {
      const own = ownTenant(request)
      if (own !== null) {
        if (order.tenant !== undefined && order.tenant !== own)
          throw authFault.UNKNOWN_TENANT({ tenant: order.tenant })
        return own
      }
      const all = await auth.directory.tenants()
      const { tenant: named, user } = order
      const found =
        named !== undefined
          ? all.find(tenant => tenant.id === named)
          : (all.find(tenant => user?.includes('@') && tenant.domains.includes(domainOf(user))) ??
            (all.length === 1 ? all[0] : undefined))
      if (found) return found.id
      if (named !== undefined) throw authFault.UNKNOWN_TENANT({ tenant: named })
      throw operationFault.TENANT_NEEDED()
    }

    app.post(
      '/tokens',
      {
        schema: {
          summary:
            'A token for a person, an app or an operator: one of the three. It ends with the token that asks for it, at the latest.',
          body: TOKEN_ORDER,
          response: response('Token'),
        },
      },
      async request => {
        const order = request.body as TokenOrder
        const tenant = await tenantOf(request, order)
        const minted = await auth.mintToken({
          tenant,
          for: bearerOf(order),
          ...scopesOf(order),
          ...(order.ttlSeconds === undefined ? {} : { ttlSeconds: order.ttlSeconds }),
          notAfter: operators.get(request)!.expiresAt,
        })
        const { token, expiresInSeconds, scopes } = minted
        const { user, app, operator } = order
        const whose = user === undefined ? { app } : { user: (await auth.person(tenant, user)).upn }
        record(request, 'token_minted', { tenant, ...(operator ? { operator } : whose), expiresInSeconds })
        return { token, tokenType: 'Bearer', expiresInSeconds, scope: scopes.join(' '), tenant }
      },
    )

    app.post(
      '/sign-in-links',
      {
        schema: {
          summary: 'A link that signs a person in, once.',
          body: LINK_ORDER,
          response: response('SignInLink'),
        },
      },
      async request => {
        const order = request.body as { tenant?: string; user: string }
        const person = await auth.person(await tenantOf(request, order), order.user)
        const path = await auth.sessions.makeLink(person)
        record(request, 'link_minted', { tenant: person.tenant, user: person.upn })
        return { path, user: person.upn }
      },
    )

    const ofApp = { params: paramsOf('name'), querystring: IN_TENANT }
    app.get(
      '/apps/:name',
      {
        schema: {
          ...ofApp,
          summary: "An app's id, secret and sites, by its name or id.",
          response: response('AppCredentials'),
        },
      },
      async request => {
        const [tenant, name] = await appOf(request)
        const credentials = await auth.credentials(tenant, name)
        record(request, 'secret_shown', { tenant, app: credentials.clientId })
        return credentials
      },
    )
    app.post(
      '/apps/:name/renew',
      {
        schema: {
          ...ofApp,
          summary: 'A new secret; the old one, every token and every API key of the app are void.',
          response: response('AppCredentials'),
        },
      },
      async request => {
        const [tenant, name] = await appOf(request)
        const credentials = await auth.renewApp(tenant, name)
        record(request, 'secret_renewed', { tenant, app: credentials.clientId })
        return credentials
      },
    )
    app.post(
      '/apps/:name/revoke-tokens',
      {
        schema: {
          ...ofApp,
          summary:
            'Make every token of an app, those of people in it, and its API keys void. Its secret stays.',
          response: nothing,
        },
      },
      async (request, reply) => {
        const [tenant, name] = await appOf(request)
        const { id } = await auth.app(tenant, name)
        await auth.revokeApp(tenant, id)
        record(request, 'tokens_revoked', { tenant, app: id })
        return reply.code(204).send()
      },
    )
    app.post(
      '/apps/:name/api-keys',
      {
        schema: {
          ...ofApp,
          summary: 'A key that says who the app is, without a token; a label has one.',
          body: KEY_ORDER,
          response: response('ApiKey'),
        },
      },
      async request => {
        const { label } = request.body as { label: string }
        const [tenant, name] = await appOf(request)
        const { id } = await auth.app(tenant, name)
        const apiKey = await auth.mintApiKey(tenant, id, label)
        record(request, 'api_key_minted', { tenant, app: id })
        return { apiKey, label }
      },
    )
    app.delete(
      '/apps/:name/api-keys/:label',
      {
        schema: {
          ...ofApp,
          params: paramsOf('name', 'label'),
          summary: 'Make a key void.',
          response: nothing,
        },
      },
      async (request, reply) => {
        const { label } = request.params as { label: string }
        const [tenant, name] = await appOf(request)
        const { id } = await auth.app(tenant, name)
        await auth.revokeApiKey(tenant, id, label)
        record(request, 'api_key_revoked', { tenant, app: id })
        return reply.code(204).send()
      },
    )
    app.post(
      '/users/:user/revoke-tokens',
      {
        schema: {
          summary: 'Make every token of a person void, and sign every browser out.',
          params: paramsOf('user'),
          querystring: IN_TENANT,
          response: nothing,
        },
      },
      async (request, reply) => {
        const { user } = request.params as { user: string }
        const { tenant: named } = request.query as { tenant?: string }
        const tenant = await tenantOf(request, { user, ...(named ? { tenant: named } : {}) })
        const { id } = await auth.person(tenant, user)
        await auth.revokePerson(tenant, id)
        record(request, 'tokens_revoked', { tenant, person: id })
        return reply.code(204).send()
      },
    )
    app.post(
      '/operators/revoke-tokens',
      {
        schema: {
          summary:
            "Make every operator's token of a tenant void; without a tenant, for the server's own token: of all, and the server's own ones.",
          querystring: IN_TENANT,
          response: nothing,
        },
      },
      async (request, reply) => {
        const { tenant: named } = request.query as { tenant?: string }
        const isForAll = ownTenant(request) === null && named === undefined
        const tenant = isForAll ? null : await tenantOf(request, named ? { tenant: named } : {})
        await auth.revokeOperators(tenant)
        record(request, 'tokens_revoked', { tenant, operators: true })
        return reply.code(204).send()
      },
    )
    app.post(
      '/keys/rotate',
      {
        schema: {
          summary:
            "New keys for signing tokens; for the server's own token. With now, every token that was signed before is void at once.",
          body: { anyOf: [ROTATION, { type: 'null' }] },
          response: nothing,
        },
      },
      async (request, reply) => {
        if (ownTenant(request) !== null) throw authFault.FORBIDDEN({ needs: "the server's own token" })
        const { now = false } = (request.body ?? {}) as { now?: boolean }
        await auth.rotateKeys({ now })
        record(request, 'keys_rotated', { now })
        return reply.code(204).send()
      },
    )

    async function appOf(request: FastifyRequest): Promise<[tenant: string, name: string]> {
      const { name } = request.params as { name: string }
      const { tenant } = request.query as { tenant?: string }
      return [await tenantOf(request, tenant ? { tenant } : {}), name]
    }
  }
}

/** If it is left out, or is `.default`: every scope that the person or app may have. */
function scopesOf({ scope, operator }: TokenOrder): { readonly scopes?: readonly string[] } {
  if (scope === undefined) return {}
  // An operator's token always has an admin's rights. So a request for fewer rights is refused: the token would have all of them.
  if (operator) throw invalidRequest("An operator's token has no scopes to choose.")
  const { all, names } = readScopes(scope)
  return all ? {} : { scopes: names }
}

function bearerOf(order: TokenOrder) {
  const { user, app, operator, instanceId, site } = order
  if ([user, app, operator].filter(each => each !== undefined).length !== 1) {
    throw invalidRequest('Say one of user, app and operator.')
  }
  if (user !== undefined) return { person: user }
  if (site !== undefined && (app === undefined || instanceId !== undefined))
    throw invalidRequest('`site` goes with `app`, and not together with `instanceId`.')
  if (app !== undefined)
    return {
      app,
      ...(instanceId === undefined ? {} : { instanceId }),
      ...(site === undefined ? {} : { site }),
    }
  return { operator: true } as const
}
