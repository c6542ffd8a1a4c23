import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RateLimit, REQUESTS_PER_MINUTE } from '../../server/src/apis/automations/rate-limit.ts'
import { callingApp } from './automations-world.ts'

test('200 requests a minute per app and site, filling evenly; nobody else is held', async () => {
  let ms = Date.parse('2026-05-01T00:00:00Z')
  const limit = new RateLimit({ keeps: async tenant => tenant === 'contoso', now: () => new Date(ms) })
  const app = callingApp()
  for (let i = 0; i < REQUESTS_PER_MINUTE; i++) await limit.take(app)
  const refused = { code: 'TOO_MANY_REQUESTS', status: 429 }
  await assert.rejects(limit.take(app), refused)
  await limit.take(callingApp({ site: 'another' }))
  await limit.take(callingApp({ appId: 'another' }))
  ms += 299
  await assert.rejects(limit.take(app), refused)
  ms += 1
  await limit.take(app)
  await assert.rejects(limit.take(app), refused)
  ms += 60_000
  for (let i = 0; i < REQUESTS_PER_MINUTE; i++) await limit.take(app)
  await assert.rejects(limit.take(app), refused)
  for (let i = 0; i < 1000; i++) await limit.take(callingApp({ tenant: 'fabrikam' }))
})
