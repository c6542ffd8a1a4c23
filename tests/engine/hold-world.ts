// What the tests of a hold share: how one is placed, and how its effects are read.

import { placeHold } from '../../server/src/engine/hold/hold.ts'
import type { Database } from '../../server/src/store/database.ts'
import { effect } from './engine-parts.ts'

export const HOUR = 3_600_000

export const RESTORED = { by: 'test', reason: null, restored: { backupAt: new Date('2026-01-01T00:00:00Z') } }

export const PAUSE = { by: 'test', reason: null, restored: null }

export const hold = (db: Database, how: typeof RESTORED | typeof PAUSE = RESTORED) =>
  db.transaction('hold', tx => placeHold(tx, how))

export const later = (title: string) => effect(title, { due: { afterMs: HOUR } })

export const titles = (rows: readonly { readonly title: string }[]) => rows.map(row => row.title).sort()
