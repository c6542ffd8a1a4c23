// Who may call: apps only (Wix: "applicable identity APP"), with the method's scope, for the site that the token is bound
// to; an API key's is named by the wix-site-id header.

import type { FastifyRequest } from 'fastify'
import { WIX_REPORT } from '../../auth/scopes.ts'
import type { CallingApp } from '../../automations/needs.ts'
import { type Principal, principalKey } from '../../core/principal.ts'
import { fault } from './faults.ts'

/** What this API needs of auth. Throws Faults with status 401, or 403 when the app is not at the site. */
export type Authenticator = {
  authenticate(
    authorization: string | undefined,
    options: { readonly scheme: 'raw'; readonly siteId?: string | undefined },
  ): Promise<Principal>
}

export const CANCEL_SCOPES: readonly string[] = ['SCOPE.DC.MANAGE-YOUR-APP']
export const REPORT_SCOPES = WIX_REPORT

/** Which app calls at which site, and all that is known of it. */
export type Calling = { readonly app: CallingApp; readonly principal: Principal }

/** Throws a Fault 401 without a valid token, 403 without the right. */
export async function callingApp(
  auth: Authenticator,
  request: FastifyRequest,
  scopes: readonly string[],
): Promise<Calling> {
  const site = request.headers['wix-site-id']
  const principal = await auth.authenticate(request.headers.authorization, {
    scheme: 'raw',
    siteId: typeof site === 'string' ? site : undefined,
  })
  if (principal.kind !== 'app' || principal.appId === null) throw fault.APPS_ONLY()
  if (!scopes.some(scope => principal.scopes.has(scope))) throw fault.MISSING_SCOPE()
  const { tenant, appId, name, siteInstanceId } = principal
  if (siteInstanceId === null) throw fault.NO_SITE()
  const app = { tenant, appId, site: siteInstanceId, principal: principalKey(principal), name }
  return { app, principal }
}
