// Finds out who is calling: an agent, by a bearer token or a browser's session cookie; or the server of a channel's provider, by its app's
// token. Any page can make a browser send its cookie. So a request with a cookie that changes something has to come from a page of ours.

import type { FastifyRequest } from 'fastify'
import { NOTIFICATIONS_WRITE } from '../../auth/scopes.ts'
import type { Caller } from '../../core/cancellation.ts'
import { type Principal, principalKey } from '../../core/principal.ts'
import { notificationFaults } from '../../notifications/faults.ts'
import type { AgentRef } from '../../notifications/offer.ts'
import { desktopFaults } from './faults.ts'

export interface AgentAuth {
  /** Throws a Fault with status 401 for a missing or bad token. */
  authenticate(header: string | undefined, options: { readonly scheme: 'bearer' }): Promise<Principal>
  /** The person who is signed in with a browser's cookie; null: nobody is. Throws a Fault with status 403 for a write from another site's page. */
  session(request: FastifyRequest): Promise<Principal | null>
}

export type AgentCaller = {
  readonly agent: AgentRef & { readonly upn: string | null }
  readonly by: Caller
  readonly principal: Principal
}

/** `app`: the app's name. A channel names its app by it. */
export type ProviderCaller = { readonly tenant: string; readonly app: string; readonly by: Caller }

/** Throws 401 if nobody is signed in. Throws 403 for another origin's page (the session checks that) and for a person who is no agent. */
export async function agentCaller(request: FastifyRequest, auth: AgentAuth): Promise<AgentCaller> {
  const caller = await agentOrProvider(request, auth)
  if ('app' in caller) throw notificationFaults.AGENT_ONLY()
  return caller
}

/** As {@link agentCaller}, for calls that a provider's server may make too. */
export async function agentOrProvider(
  request: FastifyRequest,
  auth: AgentAuth,
): Promise<AgentCaller | ProviderCaller> {
  const principal = await identify(request, auth)
  if (!principal) throw desktopFaults.SIGN_IN_NEEDED()
  if (!principal.scopes.has(NOTIFICATIONS_WRITE))
    throw desktopFaults.SCOPE_MISSING({ scope: NOTIFICATIONS_WRITE })
  const { tenant, id, name, upn } = principal
  const by: Caller = { principal: principalKey(principal), api: 'cif', name }
  // The token of the command line belongs to no app.
  if (principal.kind === 'app' && principal.appId !== null) return { tenant, app: name, by }
  if (principal.kind !== 'person' || !principal.roles.has('agent')) throw notificationFaults.AGENT_ONLY()
  return { agent: { tenant, agentId: id, agentName: name, upn }, by, principal }
}

async function identify(request: FastifyRequest, auth: AgentAuth): Promise<Principal | null> {
  const { authorization } = request.headers
  return authorization === undefined
    ? await auth.session(request)
    : await auth.authenticate(authorization, { scheme: 'bearer' })
}
