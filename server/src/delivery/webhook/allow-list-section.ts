// The section `webhooks` of a tenant in the workspace file: the addresses that its webhooks may reach beyond the public internet.

import type { Mistakes, Path } from '../../core/mistakes.ts'
import { type AllowList, isAllowEntry, readAllowList } from './address-guard.ts'

/** Notes what is wrong. `webhooks` is unchecked; `path`: its position in the file. */
export function readAllowListSection(webhooks: unknown, path: Path, mistakes: Mistakes): AllowList {
  const { allow } = (typeof webhooks === 'object' && webhooks !== null ? webhooks : {}) as { allow?: unknown }
  const entries = Array.isArray(allow) ? allow : []
  for (const [i, entry] of entries.entries()) {
    if (typeof entry !== 'string' || isAllowEntry(entry)) continue
    const accepted = 'host, host:port, an address, or a network such as 10.1.0.0/16'
    mistakes.add({ path: [...path, 'allow', i], problem: 'allows nothing', accepted })
  }
  return readAllowList(entries.filter(entry => typeof entry === 'string'))
}
