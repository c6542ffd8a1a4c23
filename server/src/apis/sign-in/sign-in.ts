// Where tokens come from: /oauth2/token and its relatives for apps, /oidc and /signin for people. This room
// must not know what a token is used for, and it checks no secret itself: auth/ does. For whoever runs the
// server there is /api/v1/tokens (apis/operations/mint-routes.ts), beside the native API.

import type { FastifyPluginAsync } from 'fastify'
import type { Auth } from '../../auth/auth.ts'
import { type OpenApi, schemasDescribeOnly } from '../../http/openapi.ts'
import { oauthRoutes } from './oauth-routes.ts'
import { oidcRoutes } from './oidc-routes.ts'
import { signInRoutes } from './sign-in-routes.ts'
import { describeIssuer } from './sign-in-schema.ts'

export type TokenRoutesNeeds = { readonly auth: Auth; readonly openApi: OpenApi }

export function tokenRoutes({ auth, openApi }: TokenRoutesNeeds): FastifyPluginAsync {
  return async app => {
    schemasDescribeOnly(app)
    openApi.watch(app)
    await app.register(oauthRoutes(auth))
    await app.register(signInRoutes(auth))
    if (!auth.oidc) return
    describeIssuer(openApi)
    await app.register(oidcRoutes(auth, auth.oidc))
  }
}
