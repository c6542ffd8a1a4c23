// What stood on an agent's screen in a backup may have been answered since: nobody may say that it was stopped unanswered.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placeHold } from '../../server/src/engine/hold/hold.ts'
import { DANA, notificationWorld, TENANT } from './notification-world.ts'

const RESTORED = { by: 'test', reason: null, restored: { backupAt: new Date() } }

test('an offer of the backup leaves the screen and is in doubt', async () => {
  await using world = await notificationWorld()
  const shown = await world.raise({ token: 'a' })
  await world.screen(({ displayed }) => displayed?.offer.id === shown.id)
  await world.database.db.transaction('hold', tx => placeHold(tx, RESTORED))
  const { receiptId } = await world.cancel('a')
  const receipt = await world.engine.receipt(TENANT, receiptId)
  assert.deepEqual([receipt?.state, receipt?.counts.in_doubt, receipt?.counts.stopped], ['final', 1, 0])
  assert.equal((await world.notifications.agentScreen(DANA)).displayed, null)
})
