// Where tokens come from: /oauth2/token and its relatives for apps, /oidc and /signin for people. For whoever runs the server
// there is /api/v1/tokens (mint-routes.ts), a part of the native API.

import type { FastifyPluginAsync } from 'fastify'
import type { Auth } from '../../auth/auth.ts'
import { oauthRoutes } from './oauth-routes.ts'
import { oidcRoutes } from './oidc-routes.ts'
import { signInRoutes } from './sign-in-routes.ts'

export function tokenRoutes({ auth }: { readonly auth: Auth }): FastifyPluginAsync {
  return async app => {
    await app.register(oauthRoutes(auth))
    await app.register(signInRoutes(auth))
    if (auth.oidc) await app.register(oidcRoutes(auth, auth.oidc))
  }
}
