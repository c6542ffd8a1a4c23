// A provider's own server calls off what its page announced: at one agent, or at every agent who has something under the
// token (a call that rang for a whole team). Each of them gets a cancellation and a receipt of its own.

import type { Caller, Cancelled, Receipt } from '../core/cancellation.ts'
import { SHARDS } from '../core/ids.ts'
import { aimedAt } from '../engine/cancel/known-names.ts'
import { EARLY_CANCEL_MS } from './cancel-offers.ts'
import { notificationFaults } from './faults.ts'
import { agentEntity, tokenKey, tokenTarget } from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'
import { sql } from './statements.ts'

/** At how many agents one request calls off offers. */
export const MAX_AGENTS = 200
/** How many agents one request looks at. */
export const MAX_CANDIDATES = 20_000

export type ProviderToken = {
  readonly tenant: string
  /** The provider's own channel; see channelOfApp. */
  readonly channel: string
  readonly token: string
  /** Null: every agent who has something under the token. */
  readonly agentId: string | null
}

export type CancelForProvider = ProviderToken & {
  readonly correlationId: string | null
  readonly by: Caller
}

export type CancelledAtAgent = { readonly agentId: string; readonly cancelled: Cancelled }

/** `isOver` with an empty list: everything under the token is over, and it is too much for one request to cancel it again. */
export type CancelledForProvider = {
  readonly cancelled: readonly CancelledAtAgent[]
  readonly isOver: boolean
}

export type HolderQuery = {
  /** Agents that are known already, and are included. */
  readonly agents: readonly string[]
  readonly limit: number
  /** Left out: every one. */
  readonly channel?: string
}

const SHARD_NUMBERS = Array.from({ length: SHARDS }, (_, shard) => shard)

/**
 * The agents and channels that may have a token, including agents and channels that were removed.
 */
export async function tokenHolders(
  parts: Pick<NotificationParts, 'db'>,
  tenant: string,
  { agents, limit, channel }: HolderQuery,
): Promise<readonly { readonly agentId: string; readonly channel: string }[]> {
  type Row = { agent_id: string; channel: string }
  const values = [tenant, SHARD_NUMBERS, agents, limit, channel ?? null]
  const rows = await parts.db.query<Row>(sql('token-holders'), values)
  return rows.map(({ agent_id: agentId, channel }) => ({ agentId, channel }))
}

/**
 * A cancel for one agent may come before its offer, like a cancel of the page itself. A cancel for all agents reaches only offers that exist.
 * @throws Fault TOO_MANY_AGENTS before anything is done. When anything else is thrown, some offers may have been called off
 */
export async function cancelForProvider(
  parts: NotificationParts,
  request: CancelForProvider,
): Promise<CancelledForProvider> {
  const { tenant, channel, token, agentId, by, correlationId } = request
  const { agents, isOver } =
    agentId === null ? await agentsWithToken(parts, request) : { agents: [agentId], isOver: false }
  const settled = await Promise.allSettled(
    agents.map(async (agent): Promise<CancelledAtAgent> => {
      const outcome = await parts.engine.cancel({
        tenant,
        target: tokenTarget(channel, agent, token),
        by,
        correlationId,
        early: agentId === null ? null : { ttlMs: EARLY_CANCEL_MS },
      })
      // Both refusals concern requests that name an event or have a request key. This request has neither.
      if ('refused' in outcome) throw new Error(`cancel by token was refused: ${outcome.refused}`)
      return { agentId: agent, cancelled: outcome }
    }),
  )
  const cancelled = settled.map(one => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
  return { cancelled, isOver }
}

async function agentsWithToken(
  parts: NotificationParts,
  request: CancelForProvider,
): Promise<{ readonly agents: readonly string[]; readonly isOver: boolean }> {
  const { tenant, channel, token, by } = request
  const agents = await agentsOf(parts, request)
  const known = await parts.engine.known({
    tenant,
    caller: by.principal,
    names: agents.map(agent => ({
      key: tokenKey(channel, agent, token),
      entity: agentEntity(agent),
      requestKey: null,
    })),
  })
  const { positions, isOver } = aimedAt(known, MAX_AGENTS)
  if (positions.length <= MAX_AGENTS)
    return { agents: positions.map(position => agents[position] as string), isOver }
  if (!isOver) throw notificationFaults.TOO_MANY_AGENTS({ count: positions.length, most: MAX_AGENTS })
  return { agents: [], isOver }
}

/** Receipts of cancels of a token, newest first. */
export async function receiptsForProvider(
  parts: NotificationParts,
  of: ProviderToken,
): Promise<readonly Receipt[]> {
  const agents = of.agentId === null ? await agentsOf(parts, of) : [of.agentId]
  if (agents.length === 0) return []
  const keys = agents.map(agent => tokenKey(of.channel, agent, of.token))
  return await parts.engine.findReceipts(of.tenant, { keys, limit: 20 })
}

/** Everybody who has, or ever had, an offer on the screen. */
async function agentsOf(
  parts: NotificationParts,
  { tenant, channel }: Pick<ProviderToken, 'tenant' | 'channel'>,
): Promise<readonly string[]> {
  const holders = await tokenHolders(parts, tenant, { agents: [], limit: MAX_CANDIDATES + 1, channel })
  if (holders.length > MAX_CANDIDATES)
    throw notificationFaults.TOO_MANY_AGENTS({ count: `More than ${MAX_CANDIDATES}`, most: MAX_CANDIDATES })
  return holders.map(holder => holder.agentId)
}
