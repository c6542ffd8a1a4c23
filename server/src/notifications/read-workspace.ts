// The `templates` and `channels` of a tenant in the workspace file, read and checked. What is wrong is noted; then nothing may
// be made of what is read.

import type { Mistakes, Path } from '../core/mistakes.ts'
import { suggestion } from '../core/setting-reader.ts'
import { type Channel, readChannel } from './channel.ts'
import { readTemplate, type Template } from './template.ts'

/** The parts of a tenant in the workspace file that belong to this room, unread. */
export type NotificationSettings = {
  readonly templates?: unknown
  readonly channels?: unknown
  /** The tenant's apps by name: a channel may name one. Left out: none is looked for. */
  readonly apps?: ReadonlyMap<string, unknown>
  /** Where the tenant stands in the file. */
  readonly path?: Path
}

/** Read and checked. */
export type NotificationWorkspace = {
  readonly templates: readonly Template[]
  readonly channels: readonly Channel[]
}

const MAX_ENTRIES = 1000

export function readNotificationWorkspace(
  { path = [], apps, ...settings }: NotificationSettings,
  mistakes: Mistakes,
): NotificationWorkspace {
  const read = <T extends { readonly uniqueName: string }>(
    name: 'templates' | 'channels',
    one: (source: unknown, position: { readonly path: Path; readonly mistakes: Mistakes }) => T | null,
  ): T[] => {
    const seen = new Set<string>()
    return listOf(settings[name], [...path, name], mistakes).flatMap((source, i) => {
      const position = { path: [...path, name, i], mistakes }
      const found = one(source, position)
      if (!found) return []
      // Of templates case does not count.
      const key = name === 'templates' ? found.uniqueName.toLowerCase() : found.uniqueName
      if (key !== '' && seen.has(key))
        mistakes.add({
          path: [...position.path, 'uniqueName'],
          problem: `is there twice: ${found.uniqueName}`,
        })
      seen.add(key)
      return [found]
    })
  }
  const readChannelOfApp = (
    source: unknown,
    position: { readonly path: Path; readonly mistakes: Mistakes },
  ) => {
    const channel = readChannel(source, position)
    if (channel?.app !== undefined && apps?.has(channel.app) === false)
      mistakes.add({
        path: [...position.path, 'app'],
        problem: suggestion(`names no app of the tenant: ${channel.app}`, channel.app, [...apps.keys()]),
      })
    return channel
  }
  return { templates: read('templates', readTemplate), channels: read('channels', readChannelOfApp) }
}

function listOf(value: unknown, path: Path, mistakes: Mistakes): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) mistakes.add({ path, problem: 'must be a list' })
  else if (value.length > MAX_ENTRIES) mistakes.add({ path, problem: `has more than ${MAX_ENTRIES} entries` })
  else return value
  return []
}
