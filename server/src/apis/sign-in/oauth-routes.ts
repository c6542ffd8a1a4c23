// The token endpoints of apps. They take JSON, as Wix's SDK sends it, and forms, as OAuth clients do.

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Auth } from '../../auth/auth.ts'
import type { GrantRequest } from '../../auth/tokens/token-endpoint.ts'
import { logFault, setRetryAfter } from '../../http/answer-fault.ts'
import { faultOf } from '../../http/fault-of.ts'
import { auditContextOf } from '../native/audit-context.ts'
import { acceptForms, textFields } from './form-body.ts'
import { TOKEN_SCHEMAS } from './sign-in-schema.ts'

const TOKEN = '/oauth2/token'
const ACCESS = '/oauth/access'
const TENANT_TOKEN = '/:tenant/oauth2/v2.0/token'
/** The paths at which an app presents its secret. */
export const TOKEN_ENDPOINTS: readonly string[] = [TOKEN, ACCESS, TENANT_TOKEN]

export function oauthRoutes(auth: Auth): FastifyPluginAsync {
  const { tokenEndpoint: endpoint } = auth
  return async app => {
    acceptForms(app)
    app.setErrorHandler(sendOAuthError)
    app.addHook('onSend', async (request, reply) => {
      // The fields of RFC 6749, 5.1, and those that Wix's SDK names in its own errors.
      reply
        .header('cache-control', 'no-store')
        .header('pragma', 'no-cache')
        .header('x-wix-request-id', request.id)
    })

    app.post(TOKEN, { schema: TOKEN_SCHEMAS.token }, async request => endpoint.token(grantRequest(request)))
    app.post(ACCESS, { schema: TOKEN_SCHEMAS.access }, async request =>
      endpoint.access(grantRequest(request)),
    )
    app.post('/oauth2/token-info', { schema: TOKEN_SCHEMAS.info }, async request => {
      const { token } = textFields(request.body)
      return endpoint.info(token ?? '')
    })
    // Microsoft's client libraries ask for an app's token at this path below their authority.
    app.post(TENANT_TOKEN, { schema: TOKEN_SCHEMAS.ofTenant }, async request => {
      const { tenant } = request.params as { tenant: string }
      return endpoint.token({ ...grantRequest(request), tenant })
    })
  }
}

function grantRequest(request: FastifyRequest): GrantRequest {
  return {
    parameters: textFields(request.body),
    authorization: request.headers.authorization,
    context: auditContextOf(request, null),
  }
}

/** The error of RFC 6749, 5.2, together with the fields of Wix's errors. So both kinds of client understand it. */
function sendOAuthError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const fault = faultOf(error)
  logFault(request, fault, error)
  const isOAuth = /^[a-z_]+$/.test(fault.code)
  const code = isOAuth ? fault.code : fault.status >= 500 ? 'temporarily_unavailable' : 'invalid_request'
  if (fault.status === 401) reply.header('www-authenticate', 'Basic realm="standdown"')
  setRetryAfter(fault, reply)
  return reply.code(fault.status).send({
    error: code,
    error_description: fault.message,
    message: fault.message,
    details: { applicationError: { code, description: fault.message, data: {} } },
  })
}
