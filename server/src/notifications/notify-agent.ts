// Raises an offer: the function behind notifyEvent. It returns as soon as the offer is stored. How the offer ends is read later
// from the offer itself.

import { notificationsOffer } from '../core/effects/effect-builders.ts'
import { EFFECT_KINDS, NOTIFICATIONS_OFFER } from '../core/effects/effect-kinds.ts'
import type { Announcement } from '../core/event.ts'
import { makeId, shardOfId } from '../core/ids.ts'
import type { OfferResult } from '../core/offer-queue.ts'
import { type Parent, refuseWithParent } from '../core/parent.ts'
import type { TenantQueue } from '../engine/tenant-queue.ts'
import type { Tx } from '../store/database.ts'
import { notificationFaults } from './faults.ts'
import {
  type AgentRef,
  agentEntity,
  OFFER_EVENT,
  type Offer,
  type OfferRow,
  offerOf,
  shardOfAgent,
  tokenKey,
} from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'
import { sql } from './statements.ts'
import { type Card, makeCard, readParameters, type Template } from './template.ts'

export type NotifyRequest = {
  readonly agent: AgentRef
  /** Unique name of the channel provider whose call it is. */
  readonly channel: string
  readonly channelLabel: string
  readonly templateName: string
  readonly templateParameters: unknown
  /** At most two tokens. The offer can be cancelled by either. */
  readonly tokens: readonly string[]
  readonly correlationId: string | null
  /** The page that announces it: a random name that it gets when it is opened. Null for a script without one. */
  readonly page: string | null
  /** The parent; null for none. A call that another tab has announced already keeps the parent that that tab gave it. */
  readonly parent: Parent | null
  /** The offer's own id, in its parent's shard. Left out: made. */
  readonly id?: string
}

/** For so long, a tab that announces a call late, after the offer of another tab for the call has ended, gets the end of that offer. */
const LATE_TAB_SECONDS = 10

/** `joined`: another tab has announced the call already, by the same token, and `offer` is the offer of that tab. */
export type Notified = {
  readonly offer: Offer
  readonly joined: boolean
  /** What of the request is not used; see Parameters. */
  readonly notes: readonly string[]
}

/** Undoes the transaction: another tab has raised an offer for the same call, and its offer is used. */
class OfferAlreadyOpen extends Error {
  override readonly name = 'OfferAlreadyOpen'
}

type Draft = {
  readonly request: NotifyRequest
  readonly template: Template
  readonly card: Card
  readonly at: Date
}

export async function notifyAgent(
  parts: NotificationParts & { readonly turns: TenantQueue },
  request: NotifyRequest,
): Promise<Notified> {
  const { tenant, agentId } = request.agent
  const { template, card, notes } = await fillCard(parts, tenant, request)
  const at = await parts.engine.now(tenant)
  for (;;) {
    const joined = await join(parts.db, request)
    if (joined) return { offer: joined, joined: true, notes }
    try {
      const offer = await parts.turns.take(tenant, () =>
        parts.db.transaction('notifications.notify', tx => raise(parts, tx, { request, template, card, at })),
      )
      parts.hints.changed(tenant, agentId)
      return { offer, joined: false, notes }
    } catch (error) {
      // The other offer was open when this one was written, and has ended since. Now this one can be raised, so try again.
      if (!(error instanceof OfferAlreadyOpen)) throw error
    }
  }
}

/** @throws Fault NotificationTemplateNotFoundError */
export async function fillCard(
  parts: Pick<NotificationParts, 'db'>,
  tenant: string,
  of: Pick<NotifyRequest, 'templateName' | 'templateParameters' | 'channelLabel'>,
): Promise<Pick<Draft, 'template' | 'card'> & Pick<Notified, 'notes'>> {
  const template = await findTemplate(parts, tenant, of.templateName)
  const { values, notes } = readParameters(of.templateParameters)
  return { template, card: makeCard(template, values, of.channelLabel), notes }
}

async function findTemplate(
  parts: Pick<NotificationParts, 'db'>,
  tenant: string,
  name: string,
): Promise<Template> {
  const [row] = await parts.db.query<{ definition: Template }>(sql('template'), [tenant, name.toLowerCase()])
  if (!row) throw notificationFaults.NotificationTemplateNotFoundError({ template: name.slice(0, 128) })
  return row.definition
}

async function join(
  db: Pick<Tx, 'query'>,
  { agent, channel, tokens, page }: NotifyRequest,
): Promise<Offer | null> {
  if (tokens.length === 0) return null
  const { tenant, agentId } = agent
  const shard = shardOfAgent(tenant, agentId)
  const values = [shard, tenant, agentId, channel, tokens, page, LATE_TAB_SECONDS]
  const [row] = await db.query<OfferRow>(sql('join-offer'), values)
  return row ? offerOf(row) : null
}

async function raise(parts: NotificationParts, tx: Tx, draft: Draft): Promise<Offer> {
  const { agent, channel, tokens, parent } = draft.request
  // The row is in the shard of its agent, whatever the parent is, so that an agent's queue is in one shard.
  const shard = shardOfAgent(agent.tenant, agent.agentId)
  const newId = () => makeId(parent ? shardOfId(parent.id) : shard, parts.now().getTime(), parts.random)
  const id = draft.request.id ?? newId()
  const effectId = newId()
  const data = { offerId: id, agentId: agent.agentId, agentName: agent.agentName, channel, tokens }
  const offer: Announcement = {
    id,
    tenant: agent.tenant,
    kind: OFFER_EVENT,
    key: tokens[0] === undefined ? null : tokenKey(channel, agent.agentId, tokens[0]),
    entity: agentEntity(agent.agentId),
    ...(parent ? { parent } : {}),
    title: draft.card.title,
    data,
    bareKey: tokens[0] ?? null,
    correlationId: draft.request.correlationId,
    early: 'absorb_once',
    effects: [
      notificationsOffer(data, {
        id: effectId,
        title: EFFECT_KINDS[NOTIFICATIONS_OFFER]
          .title(agent.agentName, draft.card.title)
          .slice(0, 200)
          .toWellFormed(),
        due: { afterMs: 0 },
      }),
    ],
  }
  const cancelled = await announce(parts, tx, { offer, secondToken: tokens[1], channel, aliasId: newId() })
  // Another page may have used up the cancel that came first while this one waited for it: then its end is this one's too.
  if (!cancelled && (await join(tx, draft.request))) throw new OfferAlreadyOpen()
  const end: OfferResult | null = cancelled ? { actionName: 'Cancel', responseReason: 'Cancelled' } : null
  const [row] = await tx.query<OfferRow>(sql('insert-offer'), [
    shard,
    agent.tenant,
    id,
    agent.agentId,
    channel,
    tokens[0] ?? null,
    tokens[1] ?? null,
    draft.request.correlationId,
    draft.template.uniqueName,
    JSON.stringify(draft.card),
    draft.template.timeoutSeconds * 1000,
    draft.template.autoAccept,
    effectId,
    end ? 'ended' : 'arriving',
    draft.at,
    end?.actionName ?? null,
    end?.responseReason ?? null,
    end ? 'a cancel that came first' : null,
    draft.request.page === null ? [] : [draft.request.page],
  ])
  if (!row) throw new OfferAlreadyOpen()
  return offerOf(row)
}

/**
 * True when an early cancellation was waiting for one of its tokens. A second token is an event of its own above the
 * offer, without effects. So a cancel of either token cancels the offer, and an early cancellation of either does too.
 * @throws Fault PARENT_NOT_FOUND, PARENT_CANCELLED, TREE_TOO_DEEP
 */
async function announce(
  parts: NotificationParts,
  tx: Tx,
  of: { offer: Announcement; secondToken: string | undefined; channel: string; aliasId: string },
): Promise<boolean> {
  const { offer, secondToken } = of
  if (secondToken === undefined) {
    const [announced] = await parts.engine.announce(tx, [offer])
    refuseWithParent(announced)
    return announced?.is !== 'announced'
  }
  const alias: Announcement = {
    ...offer,
    id: of.aliasId,
    key: tokenKey(of.channel, String(offer.data.agentId), secondToken),
    bareKey: secondToken,
    effects: [],
  }
  const [above] = await parts.engine.announce(tx, [alias])
  refuseWithParent(above)
  if (above?.is !== 'announced') return true
  const child: Announcement = { ...offer, parent: { id: of.aliasId, link: 'cancel' } }
  const [announced] = await parts.engine.announce(tx, [child])
  refuseWithParent(announced)
  return announced?.is !== 'announced'
}
