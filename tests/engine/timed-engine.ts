// The engine's verbs on one database, without a runner: announce, start and cancel, on a clock that the test moves.

import assert from 'node:assert/strict'
import type { Announcement } from '../../server/src/core/event.ts'
import { announce } from '../../server/src/engine/announce/announce.ts'
import { cancelBatch } from '../../server/src/engine/cancel/cancel.ts'
import type { Database } from '../../server/src/store/database.ts'
import { cancelled, contextOn, startAllDue } from './engine-parts.ts'

export const T0 = Date.parse('2026-06-01T12:00:00Z')

export function timedEngine(db: Database, over: Parameters<typeof contextOn>[1] = {}) {
  const time = { ms: T0 }
  const context = contextOn(db, { clock: () => new Date(time.ms), ...over })
  return {
    time,
    context,
    make: async (announcement: Announcement) => {
      const [result] = await db.transaction('t', tx => announce(context, tx, [announcement]))
      assert.ok(result?.is === 'announced')
      return result
    },
    startAll: () => startAllDue(context, db),
    cancel: async (...requests: Parameters<typeof cancelBatch>[2]) =>
      (await db.transaction('cancel', tx => cancelBatch(context, tx, requests, 5000))).map(cancelled),
  }
}
