// The routes that cancel by a token, and those of the receipts. An agent cancels the agent's own offers. The server of a channel's provider
// cancels at one agent, or at all agents who have something under the token.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { CancelledOffer, CancelledOffers, CancelOffer } from '../../../../wire/src/agent-screen.ts'
import type { Directory } from '../../auth/directory/directory.ts'
import type { CancelledForProvider } from '../../notifications/cancel-for-provider.ts'
import { notificationFaults } from '../../notifications/faults.ts'
import type { Notifications } from '../../notifications/notifications.ts'
import type { AgentCaller, ProviderCaller } from './agent-caller.ts'
import { desktopFaults } from './faults.ts'

export type TokenRoutesNeeds = {
  readonly notifications: Notifications
  readonly directory: Pick<Directory, 'user' | 'users'>
  readonly callerOf: (request: FastifyRequest) => Promise<AgentCaller | ProviderCaller>
}

const PROPERTIES = {
  channel: { type: 'string', minLength: 1, maxLength: 64 },
  cancellationToken: { type: 'string', minLength: 1, maxLength: 500 },
  /** userPrincipalName or id. */
  agent: { type: 'string', minLength: 1, maxLength: 320 },
}
const REQUIRED = ['channel', 'cancellationToken']
const CANCEL = {
  type: 'object',
  additionalProperties: false,
  required: REQUIRED,
  properties: { ...PROPERTIES, correlationId: { type: ['string', 'null'], maxLength: 200 } },
}
const BY_TOKEN = { type: 'object', required: REQUIRED, properties: PROPERTIES }

const receipts = { type: 'array', items: { type: 'object' } }
const SCHEMAS = {
  cancel: {
    summary: 'Call off what rings under a token; a provider’s server for one agent or for all.',
    body: CANCEL,
    response: { 200: { anyOf: [{ $ref: 'CancelledOffer#' }, { $ref: 'CancelledOffers#' }] } },
  },
  receipts: {
    summary: 'Receipts of what was called off under a token.',
    querystring: BY_TOKEN,
    response: { 200: { type: 'object', required: ['value'], properties: { value: receipts } } },
  },
} as const

type ByToken = { readonly channel: string; readonly cancellationToken: string; readonly agent?: string }

export function tokenRoutes(
  app: FastifyInstance,
  { notifications, directory, callerOf }: TokenRoutesNeeds,
): void {
  app.post<{ Body: CancelOffer }>('/cancel', { schema: SCHEMAS.cancel }, async (request, reply) => {
    const caller = await callerOf(request)
    const { channel, cancellationToken: token, correlationId = null } = request.body
    if ('app' in caller) {
      const of = await ofProvider(caller, request.body)
      const cancelled = await notifications.cancelForProvider({ ...of, correlationId, by: caller.by })
      return answer(reply, await viewsOf(caller.tenant, token, cancelled))
    }
    refuseOtherAgent(caller, request.body)
    const { label } = await ownChannel(caller, channel)
    const { receiptId, is } = await notifications.cancelOffers({
      agent: caller.agent,
      channel,
      token,
      correlationId,
      // An agent declines; who withdraws is the provider's page, and a receipt must not blame the agent.
      by: { ...caller.by, name: `${label}, at ${caller.agent.agentName}'s desktop` },
    })
    return answer(reply, { cancellationToken: token, receiptId, is })
  })

  app.get<{ Querystring: ByToken }>('/receipts', { schema: SCHEMAS.receipts }, async request => {
    const caller = await callerOf(request)
    const { channel, cancellationToken: token } = request.query
    if ('app' in caller)
      return { value: await notifications.receiptsForProvider(await ofProvider(caller, request.query)) }
    refuseOtherAgent(caller, request.query)
    return { value: await notifications.receiptsOfToken({ agent: caller.agent, channel, token }) }
  })

  /** Offers are cancelled only under channels of the agent: an agent cannot act for another agent's provider. */
  async function ownChannel({ agent }: AgentCaller, channel: string) {
    const channels = await notifications.channelsOf(agent)
    const own = channels.find(each => each.uniqueName === channel)
    if (!own) throw notificationFaults.CHANNEL_UNKNOWN({ channel })
    return own
  }

  /** @throws Fault NOT_YOUR_CHANNEL if the channel is another app's or does not exist, AGENT_UNKNOWN */
  async function ofProvider({ tenant, app: name }: ProviderCaller, by: ByToken) {
    const { channel, cancellationToken: token, agent } = by
    if (!(await notifications.channelOfApp(tenant, name, channel)))
      throw notificationFaults.NOT_YOUR_CHANNEL({ channel })
    if (agent === undefined) return { tenant, channel, token, agentId: null }
    const user = await directory.user(tenant, agent)
    if (!user) throw notificationFaults.AGENT_UNKNOWN({ agent })
    return { tenant, channel, token, agentId: user.id }
  }

  async function viewsOf(
    tenant: string,
    cancellationToken: string,
    { cancelled, isOver }: CancelledForProvider,
  ): Promise<CancelledOffer | CancelledOffers> {
    const upns = new Map((await directory.users(tenant)).map(user => [user.id, user.upn]))
    const views = cancelled.map(({ agentId, cancelled: { receiptId, is } }) => ({
      cancellationToken,
      receiptId,
      is,
      agent: upns.get(agentId) ?? agentId,
    }))
    const [one] = views
    if (one && views.length === 1) return one
    const is = (['cancelled', 'repeated', 'over'] as const).find(what => views.some(v => v.is === what))
    return { cancellationToken, receipts: views, is: is ?? (isOver ? 'over' : 'nothing') }
  }
}

/** An agent may name only itself. */
function refuseOtherAgent({ agent }: AgentCaller, { agent: named }: { readonly agent?: string }): void {
  if (named === undefined) return
  const called = named.toLowerCase()
  if (called !== agent.agentId && called !== agent.upn) throw desktopFaults.NOT_THAT_AGENT()
}

function answer(reply: FastifyReply, view: CancelledOffer | CancelledOffers): FastifyReply {
  const receipts = 'receipts' in view ? view.receipts : [view]
  const links = receipts.map(({ receiptId }) => `/api/v1/receipts/${receiptId}`)
  if (links.length > 0) reply.header('standdown-receipt', links.join(', '))
  return reply.send(view)
}
