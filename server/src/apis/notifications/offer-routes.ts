// The REST routes of offers: raise, answer and read. Cancelling is in token-routes.ts. An agent reaches only the agent's own offers. The
// desktop's page uses these routes, and a script may use them too.

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { RaiseOffer } from '../../../../wire/src/agent-screen.ts'
import { eventIdSchema } from '../../../../wire/src/event-id.ts'
import { isGuid } from '../../core/ids.ts'
import type { FindParent } from '../../core/parent.ts'
import type { Answer } from '../../notifications/answer-offer.ts'
import { notificationFaults } from '../../notifications/faults.ts'
import type { Notifications } from '../../notifications/notifications.ts'
import type { AgentCaller } from './agent-caller.ts'
import { desktopFaults } from './faults.ts'
import { offerView, screenView } from './offer-view.ts'
import type { ScreenStreams } from './screen-stream.ts'

export type OfferRoutesNeeds = {
  readonly notifications: Notifications
  readonly streams: ScreenStreams
  readonly findParent: FindParent
  readonly callerOf: (request: FastifyRequest) => Promise<AgentCaller>
}

const TOKEN = { type: 'string', minLength: 1, maxLength: 500 }
const CHANNEL = { type: 'string', minLength: 1, maxLength: 64 }
const CORRELATION = { type: ['string', 'null'], maxLength: 200 }
const RAISE = {
  type: 'object',
  additionalProperties: false,
  required: ['channel', 'templateName'],
  properties: {
    channel: CHANNEL,
    templateName: { type: 'string', minLength: 1, maxLength: 128 },
    templateParameters: {
      description: 'An object of texts for the slugs of the template. What is no text leaves a gap.',
    },
    cancellationTokens: { type: 'array', maxItems: 2, uniqueItems: true, items: TOKEN },
    correlationId: CORRELATION,
    page: { type: ['string', 'null'], minLength: 1, maxLength: 64 },
    parent: {
      type: ['object', 'null'],
      additionalProperties: false,
      required: ['id'],
      properties: { id: eventIdSchema, link: { enum: ['cancel', 'keep'] } },
    },
  },
}
const BY_TOKEN = {
  type: 'object',
  required: ['channel', 'cancellationToken'],
  properties: { channel: CHANNEL, cancellationToken: TOKEN },
}

const ID = { type: 'object', required: ['id'], properties: { id: { type: 'string' } } }
const OF_AGENT = {
  type: 'object',
  properties: {
    agent: { type: 'string', maxLength: 64, description: 'Whose page it is: the id of an agent.' },
  },
}
const OFFER = { $ref: 'Offer#' }
const answering = (answer: Answer) => ({
  summary: `Answer an offer of yours: ${answer}.`,
  params: ID,
  response: { 200: OFFER },
})
const EVENT_STREAM = 'text/event-stream'
const SCHEMAS = {
  raise: { summary: 'Raise an offer on your own screen.', body: RAISE, response: { 200: OFFER, 201: OFFER } },
  list: {
    summary: 'Open offers of yours under a token.',
    querystring: BY_TOKEN,
    response: {
      200: { type: 'object', required: ['value'], properties: { value: { type: 'array', items: OFFER } } },
    },
  },
  one: { summary: 'An offer of yours.', params: ID, response: { 200: OFFER } },
  accept: answering('accept'),
  reject: answering('reject'),
  screen: { summary: 'Your screen.', querystring: OF_AGENT, response: { 200: { $ref: 'Screen#' } } },
  events: {
    summary: 'Your screen, each time that it changes: server-sent events.',
    querystring: OF_AGENT,
    produces: EVENT_STREAM,
    response: { 200: { type: 'string' } },
  },
}

type OfAgent = { Querystring: { agent?: string } }
type ByToken = { Querystring: { channel: string; cancellationToken: string } }

export function offerRoutes(
  app: FastifyInstance,
  { notifications, streams, findParent, callerOf }: OfferRoutesNeeds,
): void {
  /** Offers are raised only under channels of the agent: an agent cannot act for another agent's provider. */
  const ownChannel = async (caller: AgentCaller, channel: string) => {
    const channels = await notifications.channelsOf(caller.agent)
    const own = channels.find(each => each.uniqueName === channel)
    if (!own) throw notificationFaults.CHANNEL_UNKNOWN({ channel })
    return own
  }

  app.post<{ Body: RaiseOffer }>('/offers', { schema: SCHEMAS.raise }, async (request, reply) => {
    const caller = await callerOf(request)
    const {
      channel,
      templateName,
      templateParameters,
      cancellationTokens,
      correlationId,
      page,
      parent: named,
    } = request.body
    const { label } = await ownChannel(caller, channel)
    const parent =
      named && (await findParent(caller.principal, { id: named.id, link: named.link ?? 'cancel' }))
    const {
      offer: raised,
      joined,
      notes,
    } = await notifications.notifyAgent({
      agent: caller.agent,
      channel,
      channelLabel: label,
      templateName,
      templateParameters,
      tokens: cancellationTokens ?? [],
      correlationId: correlationId ?? null,
      page: page ?? null,
      parent: parent ?? null,
    })
    return reply.code(joined ? 200 : 201).send({ ...offerView(raised), notes })
  })

  app.get<ByToken>('/offers', { schema: SCHEMAS.list }, async request => {
    const { agent } = await callerOf(request)
    const { channel, cancellationToken: token } = request.query
    return { value: (await notifications.openOffers({ agent, channel, token })).map(offerView) }
  })

  app.get<{ Params: { id: string } }>('/offers/:id', { schema: SCHEMAS.one }, async request => {
    const { agent } = await callerOf(request)
    const found = isGuid(request.params.id) ? await notifications.readOffer(agent, request.params.id) : null
    if (!found) throw notificationFaults.OFFER_UNKNOWN()
    return offerView(found)
  })

  for (const answer of ['accept', 'reject'] as const satisfies readonly Answer[]) {
    app.post<{ Params: { id: string } }>(
      `/offers/:id/${answer}`,
      { schema: SCHEMAS[answer] },
      async request => {
        const { agent } = await callerOf(request)
        if (!isGuid(request.params.id)) throw notificationFaults.OFFER_UNKNOWN()
        return offerView(await notifications.answerOffer(agent, request.params.id, answer))
      },
    )
  }

  /** A page names its agent, because another person may have signed in at the browser since the page was loaded. */
  const screenAgent = async (request: FastifyRequest<OfAgent>) => {
    const { agent } = await callerOf(request)
    const { agent: wanted } = request.query
    if (wanted !== undefined && wanted !== agent.agentId) throw desktopFaults.OTHER_AGENT()
    return agent
  }

  app.get<OfAgent>('/screen', { schema: SCHEMAS.screen }, async request =>
    screenView(await notifications.agentScreen(await screenAgent(request))),
  )

  app.get<OfAgent>('/screen/events', { schema: SCHEMAS.events }, async (request, reply) => {
    const agent = await screenAgent(request)
    // A stream without a body would never end.
    if (request.method === 'HEAD') return reply.type(EVENT_STREAM).send()
    streams.start(request, reply, { agent, ask: () => screenAgent(request) })
    return reply
  })
}
