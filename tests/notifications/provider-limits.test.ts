// A provider's cancel for every agent is bounded: by those whose offers it calls off, and by those who are looked at.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_AGENTS, MAX_CANDIDATES } from '../../server/src/notifications/cancel-for-provider.ts'
import { agentEntity, OFFER_EVENT, tokenKey } from '../../server/src/notifications/offer.ts'
import { CHANNEL, notificationWorld, TENANT, type World } from './notification-world.ts'

const agentId = (n: number) => `a0000000-0000-4000-8000-${String(n).padStart(12, '0')}`

const cancel = (world: World, agent: string | null = null) =>
  world.notifications.cancelForProvider({
    tenant: TENANT,
    channel: CHANNEL,
    token: 't',
    agentId: agent,
    correlationId: null,
    by: { principal: 'app:p', api: 'cif', name: 'p' },
  })

/** Agents who once had an offer on the screen. */
async function knowAgents({ database: { db } }: World, from: number, until: number): Promise<void> {
  await db.query({
    text: `insert into notifications.agent (shard, tenant, agent_id)
      select n % 256, '${TENANT}', ('a0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid
      from generate_series(${from}, ${until}) n`,
  })
}

async function offerTo({ database: { db }, engine }: World, agents: readonly string[]): Promise<void> {
  await db.transaction('t', tx =>
    engine.announce(
      tx,
      agents.map(agent => ({
        tenant: TENANT,
        kind: OFFER_EVENT,
        key: tokenKey(CHANNEL, agent, 't'),
        entity: agentEntity(agent),
        title: 'Ring',
        data: { agentId: agent },
        effects: [],
      })),
    ),
  )
}

test(`${MAX_AGENTS} agents in one request; one more is refused, and nothing is done`, async () => {
  await using world = await notificationWorld({ started: false })
  const agents = Array.from({ length: MAX_AGENTS + 1 }, (_, n) => agentId(n))
  await knowAgents(world, 0, MAX_AGENTS)
  await offerTo(world, agents)
  await assert.rejects(cancel(world), { code: 'TOO_MANY_AGENTS' })
  const one = await cancel(world, agents[0])
  assert.deepEqual(
    one.cancelled.map(each => each.cancelled.is),
    ['cancelled'],
    'nothing was done before',
  )
  const { cancelled } = await cancel(world)
  assert.equal(cancelled.length, MAX_AGENTS)
  assert.equal(new Set(cancelled.map(each => each.cancelled.receiptId)).size, MAX_AGENTS)
})

test(`${MAX_CANDIDATES} agents are looked at; one more is refused`, async () => {
  await using world = await notificationWorld({ started: false })
  await knowAgents(world, 1, MAX_CANDIDATES)
  await offerTo(world, [agentId(7)])
  const { cancelled } = await cancel(world)
  assert.deepEqual(
    cancelled.map(each => each.agentId),
    [agentId(7)],
  )
  await knowAgents(world, MAX_CANDIDATES + 1, MAX_CANDIDATES + 1)
  await assert.rejects(cancel(world), { code: 'TOO_MANY_AGENTS' })
})
