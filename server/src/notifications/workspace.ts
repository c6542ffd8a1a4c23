// Templates and channels as the workspace file declares them. Applying it again changes nothing; what left the file leaves
// the server. Open offers keep the card they were made with.

import { isDeepStrictEqual } from 'node:util'
import type { WorkspaceChange } from '../core/workspace-change.ts'
import type { Tx } from '../store/database.ts'
import { type Channel, type OpenChannel, openChannel } from './channel.ts'
import type { AgentRef } from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'
import type { NotificationWorkspace } from './read-workspace.ts'
import { sql } from './statements.ts'
import type { Template } from './template.ts'

export type ApplyNotificationWorkspace = {
  readonly tenant: string
  readonly declared: NotificationWorkspace
  /** false: only compares. */
  readonly apply: boolean
}

export async function applyNotificationWorkspace(
  { db }: Pick<NotificationParts, 'db'>,
  tx: Tx,
  { tenant, declared, apply }: ApplyNotificationWorkspace,
): Promise<readonly WorkspaceChange[]> {
  const templates = await db.query<{ definition: Template }>(sql('templates'), [tenant])
  const channels = await db.query<{ definition: Channel }>(sql('channels'), [tenant])
  const changes = [
    ...compareByName('templates', definitionsOf(templates), declared.templates),
    ...compareByName('channels', definitionsOf(channels), declared.channels),
  ]
  if (apply) await write(tx, tenant, declared)
  return changes
}

function definitionsOf<T>(rows: readonly { readonly definition: T }[]): readonly T[] {
  return rows.map(row => row.definition)
}

function compareByName<Named extends { readonly uniqueName: string }>(
  what: string,
  kept: readonly Named[],
  wanted: readonly Named[],
): readonly WorkspaceChange[] {
  const before = new Map(kept.map(each => [each.uniqueName, each]))
  const changes: WorkspaceChange[] = []
  for (const each of wanted) {
    const old = before.get(each.uniqueName)
    before.delete(each.uniqueName)
    // Compared as JSON, as it is stored: a member that is undefined is left out there.
    if (old && isDeepStrictEqual(old, JSON.parse(JSON.stringify(each)))) continue
    changes.push({ is: old ? 'changed' : 'added', at: `${what}.${each.uniqueName}` })
  }
  for (const name of before.keys()) changes.push({ is: 'removed', at: `${what}.${name}` })
  return changes
}

async function write(tx: Tx, tenant: string, { templates, channels }: NotificationWorkspace): Promise<void> {
  const templateNames = templates.map(template => template.uniqueName.toLowerCase())
  const channelNames = channels.map(channel => channel.uniqueName)
  await tx.query(sql('keep-templates'), [tenant, templateNames])
  await tx.query(sql('put-templates'), [tenant, templateNames, templates.map(each => JSON.stringify(each))])
  await tx.query(sql('keep-channels'), [tenant, channelNames])
  await tx.query(sql('put-channels'), [tenant, channelNames, channels.map(each => JSON.stringify(each))])
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
