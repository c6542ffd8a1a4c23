// An event whose only step was skipped says so: on the real server, as an app, an operator and a list see it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testServer } from '../support/server.ts'

test('a reminder whose time had passed at the report has ended, and says why', async () => {
  await using server = await testServer()
  const app = await server.appToken()
  const reported = await fetch(`${server.url}/automations/v1/events/report`, {
    method: 'POST',
    headers: { authorization: app, 'content-type': 'application/json' },
    body: JSON.stringify({
      triggerKey: 'appointment_starting',
      externalEntityId: '16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c',
      payload: { startsAt: '2020-01-02T09:00:00Z' },
    }),
  })
  assert.equal(reported.status, 200)
  const { activationIds } = (await reported.json()) as { activationIds: string[] }
  assert.ok(activationIds.length > 0)
  const get = async (token: string, path: string): Promise<ReturnType<typeof JSON.parse>> => {
    const answer = await fetch(`${server.url}/api/v1${path}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    return answer.json()
  }
  for (const token of [app, await server.personToken('alice')]) {
    for (const id of activationIds) {
      const event = await get(token, `/events/${id}`)
      assert.deepEqual(
        [event.state, event.next, event.effects, event.key],
        ['ended', null, [], 'appointment_starting'],
      )
      const [skipped, ...more] = event.skipped
      assert.deepEqual([skipped.code, skipped.title, more], ['SCHEDULE_DATE_EXPIRED', event.title, []])
      assert.match(skipped.why, /^Its time to start, \d{4}-.*Z, had passed when the event was reported\.$/)
      assert.deepEqual(event.data.payload, { startsAt: '2020-01-02T09:00:00Z' })
      assert.ok(!('skipped' in event.data) && !('startAt' in event.data), 'told once')
    }
    const { value } = await get(token, '/events?api=wix&key=appointment_starting&state=ended')
    assert.deepEqual(
      value.map((event: { id: string; skipped: { code: string }[] }) => [event.id, event.skipped[0]?.code]),
      activationIds
        .toSorted()
        .reverse()
        .map(id => [id, 'SCHEDULE_DATE_EXPIRED']),
    )
    assert.deepEqual((await get(token, '/events?api=wix&state=announced')).value, [])
  }
})
