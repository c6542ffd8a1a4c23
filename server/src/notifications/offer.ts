// An offer as it is stored, and the names by which the engine knows it.

import type { CancelTarget } from '../core/cancellation.ts'
import { type Shard, shardOfEntity } from '../core/ids.ts'
import type { OfferResult, OfferState, QueuedOffer } from '../core/offer-queue.ts'
import type { Card } from './template.ts'

export const OFFER_EVENT = 'notifications.offer'

export type Offer = QueuedOffer & {
  readonly shard: Shard
  readonly tenant: string
  readonly agentId: string
  readonly channel: string
  readonly tokens: readonly string[]
  readonly correlationId: string | null
  readonly template: string
  readonly card: Card
  readonly effectId: string
  /** The start under which it was placed; null until then. */
  readonly startId: string | null
  /** By the database's clock. */
  readonly endedAt: Date | null
  readonly result: OfferResult | null
  /** For people: who or what ended it. */
  readonly endedBy: string | null
}

/** The agent that an offer is for, and who is acting: in most cases the same person. */
export type AgentRef = { readonly tenant: string; readonly agentId: string; readonly agentName: string }

export type OfferRow = {
  shard: number
  tenant: string
  id: string
  agent_id: string
  channel: string
  token: string | null
  second_token: string | null
  correlation_id: string | null
  template: string
  card: Card
  timeout_ms: number
  auto_accept: boolean
  effect_id: string
  start_id: string | null
  state: OfferState
  arrival: number
  arrived_at: Date
  displayed_at: Date | null
  ended_at: Date | null
  action_name: OfferResult['actionName'] | null
  response_reason: OfferResult['responseReason'] | null
  ended_by: string | null
}

export function offerOf(row: OfferRow): Offer {
  return {
    shard: row.shard,
    tenant: row.tenant,
    id: row.id,
    agentId: row.agent_id,
    channel: row.channel,
    tokens: [row.token, row.second_token].filter(token => token !== null),
    correlationId: row.correlation_id,
    template: row.template,
    card: row.card,
    effectId: row.effect_id,
    startId: row.start_id,
    state: row.state,
    arrival: row.arrival,
    arrivedAt: row.arrived_at,
    displayedAt: row.displayed_at,
    timeoutMs: row.timeout_ms,
    autoAccept: row.auto_accept,
    endedAt: row.ended_at,
    // The table's check keeps the pair whole; only our own statements write it.
    result:
      row.action_name === null
        ? null
        : ({ actionName: row.action_name, responseReason: row.response_reason } as OfferResult),
    endedBy: row.ended_by,
  }
}

/** The agent is what its offers are about: they all live in one shard. */
export function agentEntity(agentId: string): string {
  return `agent:${agentId}`
}

export function shardOfAgent(tenant: string, agentId: string): Shard {
  return shardOfEntity(tenant, agentEntity(agentId))
}

/**
 * The key of a token. It contains the provider and the agent, because scripts draw tokens from so few values that the calls of
 * two agents may have the same. Channel names have no colon and agents are GUIDs, so different tokens never have the same key.
 */
export function tokenKey(channel: string, agentId: string, token: string): string {
  return `cif:${channel}:${agentId}:${token}`
}

export function tokenTarget(channel: string, agentId: string, token: string): CancelTarget {
  return { key: tokenKey(channel, agentId, token), entity: agentEntity(agentId), kind: OFFER_EVENT }
}
