// What an operator sees while a receiver only fails, at a whole server: log, status, /metrics, /readyz.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpReceiver } from '../support/http-receiver.ts'
import { testServer } from '../support/server.ts'
import { until } from '../support/until.ts'

test('a receiver that has failed for five minutes is a warning in log, status, metrics and readyz, until it works again', async () => {
  await using receiver = await httpReceiver()
  receiver.answer = () => ({ status: 500 })
  let ahead = 0
  const at = () => Date.now() + ahead
  await using server = await testServer(
    {},
    { receivers: { nowMs: at, clock: () => new Date(at()), everyMs: 20 } },
  )
  const url = server.server.http.localUrl() as string
  const token = await server.personToken('alice')
  const get = async (path: string, bearer = token) =>
    await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${bearer}` } })
  const failing = async () =>
    ((await (await get('/api/v1/status')).json()) as { failing: { receiver: string }[] }).failing
  const gauge = async () =>
    /standdown_receivers_failing\{kind="webhook"\} (\d+)/.exec(await (await get('/metrics')).text())?.[1]
  const warnings = async () =>
    ((await (await get('/readyz?verbose')).json()) as { ready: boolean; warnings: object }).warnings
  const lines = (text: string) =>
    server.log.map(line => JSON.parse(line)).filter(line => line.msg === text) as {
      level: number
      receiver: string
      tenant: string
    }[]
  const announced = await fetch(`${url}/api/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'x', effects: [{ kind: 'webhook', url: `${receiver.url}/hook` }] }),
  })
  assert.equal(announced.status, 201)
  await receiver.arrived(2)
  assert.deepEqual([await failing(), await gauge(), await warnings()], [[], '0', {}])

  ahead = 5 * 60_000
  const host = `127.0.0.1:${receiver.port}`
  await until(async () => (await gauge()) === '1')
  assert.deepEqual(
    lines('receiver fails').map(line => [line.level, line.receiver, line.tenant]),
    [[40, host, 'contoso']],
  )
  assert.deepEqual(
    (await failing()).map(each => each.receiver),
    [host],
  )
  const ready = await get('/readyz?verbose')
  assert.equal(ready.status, 200)
  assert.deepEqual(await ready.json(), {
    ready: true,
    checks: { database: 'ok', writes: 'ok', 'wake loop': 'ok' },
    warnings: { receivers: 'failing for five minutes or more: 1 receiver of webhooks' },
  })
  assert.equal(((await (await get('/readyz')).json()) as { warnings?: object }).warnings, undefined)
  // Only for those who run things.
  const member = (await (await get('/api/v1/status', await server.personToken('bob'))).json()) as object
  assert.equal('failing' in member, false)

  receiver.answer = () => ({})
  await server.advance(60_000)
  await until(async () => (await gauge()) === '0')
  assert.equal(lines('receiver works again').length, 1)
  assert.deepEqual([await failing(), await warnings()], [[], {}])
  assert.equal(lines('receiver fails').length, 1)
})
