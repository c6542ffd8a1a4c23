// Who is calling, as an agent: by bearer token, or by a browser's session cookie. A cookie goes along with what any page
// makes the browser send, so what changes something has to come from a page of ours.

import type { FastifyRequest } from 'fastify'
import { NOTIFICATIONS_WRITE } from '../../auth/scopes.ts'
import type { Caller } from '../../core/cancellation.ts'
import { type Principal, principalKey } from '../../core/principal.ts'
import { notificationFaults } from '../../notifications/notification-faults.ts'
import type { AgentRef } from '../../notifications/offer.ts'
import { desktopFaults } from './api-faults.ts'

export interface AgentAuth {
  /** Throws a Fault with status 401 for a missing or bad token. */
  authenticate(header: string | undefined, options: { readonly scheme: 'bearer' }): Promise<Principal>
  /** The person who is signed in with a browser's cookie; null for nobody. */
  session(request: { readonly headers: { readonly cookie?: string | undefined } }): Promise<Principal | null>
}

export type AgentCaller = {
  readonly agent: AgentRef & { readonly upn: string | null }
  readonly by: Caller
  readonly principal: Principal
}

const READS = new Set(['GET', 'HEAD'])

/** Throws 401 for nobody, 403 for another origin's page and for one who is no agent. `ownOrigins`: those of our pages. */
export async function agentCaller(
  request: FastifyRequest,
  auth: AgentAuth,
  ownOrigins: () => ReadonlySet<string>,
): Promise<AgentCaller> {
  const principal = await identify(request, auth, ownOrigins)
  if (!principal) throw desktopFaults.SIGN_IN_NEEDED()
  if (!principal.scopes.has(NOTIFICATIONS_WRITE))
    throw desktopFaults.SCOPE_MISSING({ scope: NOTIFICATIONS_WRITE })
  if (principal.kind !== 'person' || !principal.roles.has('agent')) throw notificationFaults.AGENT_ONLY()
  return {
    agent: { tenant: principal.tenant, agentId: principal.id, agentName: principal.name, upn: principal.upn },
    by: { principal: principalKey(principal), api: 'cif', name: principal.name },
    principal,
  }
}

async function identify(
  request: FastifyRequest,
  auth: AgentAuth,
  ownOrigins: () => ReadonlySet<string>,
): Promise<Principal | null> {
  const { authorization, origin } = request.headers
  if (authorization !== undefined) return auth.authenticate(authorization, { scheme: 'bearer' })
  const person = await auth.session(request)
  const fromOurPage = origin !== undefined && ownOrigins().has(origin)
  if (person && !READS.has(request.method) && !fromOurPage) throw desktopFaults.OTHER_ORIGIN()
  return person
}
