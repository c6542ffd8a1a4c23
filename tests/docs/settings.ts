// The settings that README explains, and those that the code reads.

import type { readConfig } from '../../server/src/config/config.ts'
import { codeOf, rowsOf, sectionOf } from './markdown.ts'

/** Name → what its row says is the default. */
export function settingsOfReadme(readme: string): Map<string, string> {
  return new Map(
    rowsOf(sectionOf(readme, '## Settings')).flatMap(([names = '', fallback = '']) =>
      [...names.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => [name!, codeOf(fallback)] as const),
    ),
  )
}

export function settingsOfCode(read: typeof readConfig): Set<string> {
  const names = new Set<string>()
  const env = new Proxy({}, { get: (_, name) => void names.add(String(name)) })
  read(env, '/srv')
  return names
}
