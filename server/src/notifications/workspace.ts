// Templates and channels as the workspace file declares them. Applying it again changes nothing; what left the file leaves
// the server. Open offers keep the card they were made with.

import type { Tx } from '../store/database.ts'
import { type Channel, type OpenChannel, openChannel, readChannel } from './channel.ts'
import type { AgentRef } from './offer.ts'
import { type NotificationParts, sql } from './offer-engine.ts'
import { readTemplate, type Template } from './template.ts'

/** The parts of a tenant in the workspace file that belong to this room, unread. */
export type NotificationSettings = {
  readonly templates?: unknown
  readonly channels?: unknown
  /** The tenant's apps by name: a channel may name one. Left out: none is looked for. */
  readonly apps?: ReadonlyMap<string, unknown>
}

/** Read and checked. */
export type NotificationWorkspace = {
  readonly templates: readonly Template[]
  readonly channels: readonly Channel[]
}

/** Throws an Error that names the setting at fault. */
export function readNotificationWorkspace(settings: NotificationSettings): NotificationWorkspace {
  const templates = listOf('templates', settings.templates).map(readTemplate)
  const channels = listOf('channels', settings.channels).map(readChannel)
  refuseTwins(
    'templates',
    templates.map(template => template.uniqueName.toLowerCase()),
  )
  refuseTwins(
    'channels',
    channels.map(channel => channel.uniqueName),
  )
  const orphan = channels.find(({ app }) => app !== undefined && settings.apps?.has(app) === false)
  if (orphan) throw new Error(`channel ${orphan.uniqueName}: there is no app ${orphan.app}`)
  return { templates, channels }
}

export async function applyNotificationWorkspace(
  tx: Tx,
  tenant: string,
  { templates, channels }: NotificationWorkspace,
): Promise<void> {
  const templateNames = templates.map(template => template.uniqueName.toLowerCase())
  const channelNames = channels.map(channel => channel.uniqueName)
  await tx.query(sql('keep-templates'), [tenant, templateNames])
  await tx.query(sql('put-templates'), [tenant, templateNames, templates.map(each => JSON.stringify(each))])
  await tx.query(sql('keep-channels'), [tenant, channelNames])
  await tx.query(sql('put-channels'), [tenant, channelNames, channels.map(each => JSON.stringify(each))])
}

/** What is applied now, for the diff before an apply. */
export async function currentNotificationWorkspace(
  parts: Pick<NotificationParts, 'db'>,
  tenant: string,
): Promise<NotificationWorkspace> {
  const templates = await parts.db.query<{ definition: Template }>(sql('templates'), [tenant])
  const channels = await parts.db.query<{ definition: Channel }>(sql('channels'), [tenant])
  return { templates: templates.map(row => row.definition), channels: channels.map(row => row.definition) }
}

/** The channels that open in this agent's desktop, in order. `upn`: lower case. */
export async function channelsOf(
  parts: NotificationParts,
  agent: AgentRef & { readonly upn: string | null },
): Promise<readonly OpenChannel[]> {
  const rows = await parts.db.query<{ definition: Channel }>(sql('channels'), [agent.tenant])
  return rows
    .map(row => row.definition)
    .filter(channel => channel.agents.length === 0 || channel.agents.includes(agent.upn ?? ''))
    .map(channel => openChannel(channel, parts.softphoneOrigin()))
    .filter(channel => channel !== null)
}

/** The channel, when it is this app's; null for another's, and for one that is not there. */
export async function channelOfApp(
  parts: Pick<NotificationParts, 'db'>,
  { tenant, app, channel }: { readonly tenant: string; readonly app: string; readonly channel: string },
): Promise<Channel | null> {
  const rows = await parts.db.query<{ definition: Channel }>(sql('channels'), [tenant])
  const found = rows.map(row => row.definition).find(each => each.uniqueName === channel)
  return found?.app === app ? found : null
}

function listOf(name: string, value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new Error(`${name}: has to be a list`)
  return value
}

function refuseTwins(name: string, uniqueNames: readonly string[]): void {
  const twin = uniqueNames.find((each, i) => uniqueNames.indexOf(each) !== i)
  if (twin !== undefined) throw new Error(`${name}: uniqueName ${twin} is there twice`)
}
