// The notifications room on a real engine and database: one sandbox tenant, two agents, a channel, some templates.

import type { Caller } from '../../server/src/core/cancellation.ts'
import { Mistakes } from '../../server/src/core/mistakes.ts'
import { Engine } from '../../server/src/engine/engine.ts'
import { createNotifications, type Notifications } from '../../server/src/notifications/notifications.ts'
import { type AgentRef, type Offer, shardOfAgent } from '../../server/src/notifications/offer.ts'
import type { AgentScreen } from '../../server/src/notifications/read-offers.ts'
import { readNotificationWorkspace } from '../../server/src/notifications/read-workspace.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { random } from '../support/engine.ts'

export const TENANT = 'contoso'
export const CHANNEL = 'phone'

export const DANA: AgentRef = {
  tenant: TENANT,
  agentId: 'd0000000-0000-4000-8000-000000000001',
  agentName: 'dana',
}
// In dana's shard: what keeps two agents apart must be more than where their rows are.
export const ERIN: AgentRef = { tenant: TENANT, agentId: idInShardOf(DANA), agentName: 'erin' }

function idInShardOf({ tenant, agentId }: AgentRef): string {
  for (let i = 0; ; i++) {
    const id = `e0000000-0000-4000-8000-${String(i).padStart(12, '0')}`
    if (shardOfAgent(tenant, id) === shardOfAgent(tenant, agentId)) return id
  }
}

export const SETTINGS = {
  templates: [
    {
      uniqueName: 'msdyn_chat_incoming_unauthenticated',
      name: 'Chat - incoming, unauthenticated',
      title: 'Incoming chat',
      fields: [
        { header: 'Customer', value: '{customerName}' },
        { header: 'Language', value: '{visitorLanguage}' },
      ],
    },
    { uniqueName: 'contoso_call', title: 'Call from {number}', timeoutSeconds: 30 },
    { uniqueName: 'contoso_patient', title: 'Whenever you like', timeoutSeconds: 0 },
    { uniqueName: 'contoso_patient_auto', title: 'Whenever', timeoutSeconds: 0, autoAccept: true },
    { uniqueName: 'contoso_auto', title: 'Taken', autoAccept: true },
  ],
  channels: [{ uniqueName: CHANNEL, label: 'Telephone', address: 'https://phone.example/' }],
}

export type World = AsyncDisposable & {
  readonly database: TestDatabase
  readonly engine: Engine
  readonly notifications: Notifications
  raise(options?: Raise): Promise<Offer>
  cancel(token: string, agent?: AgentRef): ReturnType<Notifications['cancelOffers']>
  /** The screen as soon as it is as wanted. */
  screen(wanted: (screen: AgentScreen) => boolean, agent?: AgentRef): Promise<AgentScreen>
  /** How the offer ended, as soon as it has. */
  ended(offer: Offer): Promise<Offer>
  advance(seconds: number): Promise<void>
}

export type Raise = {
  readonly token?: string
  readonly tokens?: readonly string[]
  readonly template?: string
  readonly parameters?: unknown
  readonly agent?: AgentRef
  readonly channel?: string
  readonly correlationId?: string
  readonly page?: string
}

export function callerOf(agent: AgentRef): Caller {
  return { principal: `user:${agent.agentId}`, api: 'cif', name: agent.agentName }
}

export type WorldOptions = {
  /** False: nothing runs until `engine.start()`. Default true. */
  readonly started?: boolean
  /** One that outlives this world, for a server that is started again. */
  readonly on?: TestDatabase
}

export async function notificationWorld({ started = true, on }: WorldOptions = {}): Promise<World> {
  const database = on ?? (await testDatabase())
  const engine = new Engine({ db: database.db, random })
  const notifications = createNotifications({
    db: database.db,
    engine,
    now: () => new Date(),
    random,
    softphoneOrigin: () => null,
  })
  engine.register({ carriers: notifications.carriers, domains: [notifications.domain] })
  const settings = readNotificationWorkspace(SETTINGS, new Mistakes())
  await database.db.transaction('test.apply', async tx => {
    await engine.putTenant(tx, TENANT, true)
    await notifications.applyWorkspace(tx, { tenant: TENANT, declared: settings, apply: true })
  })
  if (started) await engine.start()

  const screen: World['screen'] = async (wanted, agent = DANA) => {
    for (;;) {
      const changed = Promise.withResolvers<void>()
      const unhear = notifications.onScreenChange(agent, changed.resolve)
      try {
        const now = await notifications.agentScreen(agent)
        if (wanted(now)) return now
        await changed.promise
      } finally {
        unhear()
      }
    }
  }
  return {
    database,
    engine,
    notifications,
    screen,
    async raise(options = {}) {
      const { offer } = await notifications.notifyAgent({
        agent: options.agent ?? DANA,
        channel: options.channel ?? CHANNEL,
        channelLabel: 'Telephone',
        templateName: options.template ?? 'msdyn_chat_incoming_unauthenticated',
        templateParameters: options.parameters ?? {},
        tokens: options.tokens ?? (options.token === undefined ? [] : [options.token]),
        correlationId: options.correlationId ?? null,
        page: options.page ?? null,
        parent: null,
      })
      return offer
    },
    cancel: (token, agent = DANA) =>
      notifications.cancelOffers({
        agent,
        channel: CHANNEL,
        token,
        correlationId: null,
        by: callerOf(agent),
      }),
    async ended(offer) {
      const agent = offer.agentId === ERIN.agentId ? ERIN : DANA
      await screen(now => !now.open.some(open => open.id === offer.id), agent)
      return (await notifications.readOffer(agent, offer.id)) as Offer
    },
    async advance(seconds) {
      await engine.advanceClock(TENANT, seconds * 1000)
    },
    async [Symbol.asyncDispose]() {
      await notifications.stop()
      await engine.stop()
      if (!on) await database[Symbol.asyncDispose]()
    },
  }
}

/** Whether a screen displays this offer. */
export const shows = (id: string) => (screen: { displayed: { offer: { id: string } } | null }) =>
  screen.displayed?.offer.id === id
