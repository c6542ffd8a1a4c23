// Report over HTTP with a verified token; beside the empty handler of the same HTTP server.

import { httpLoad, post } from './http-load.ts'
import { type Served, startEmpty, startServer } from './served.ts'
import { atLeast, type Row, spread } from './table.ts'

const CALLERS = 64

export async function httpRow({ runs, calls }: { runs: number; calls: number }): Promise<Row> {
  await using server = await startServer()
  await using empty = await startEmpty()
  const token = await appToken(server)
  const port = Number(new URL(server.file.url).port)
  const entity = (i: number) => `16ef8c9c-413e-4d5f-b77d-${String(i).padStart(12, '0')}`
  const report = (i: number) =>
    post(
      '/automations/v1/events/report',
      { authorization: token },
      { triggerKey: 'bench_trigger', externalEntityId: entity(i) },
    )
  const nothing = (i: number) =>
    post('/empty', { authorization: token }, { triggerKey: 'bench_trigger', externalEntityId: entity(i) })
  await declareTrigger(server)

  const ours: number[] = []
  const theirs: number[] = []
  for (let run = 0; run <= runs; run++) {
    const mine = await httpLoad({ port, callers: CALLERS, calls, request: i => report(run * calls + i) })
    const other = await httpLoad({ port: empty.port, callers: CALLERS, calls, request: nothing })
    if (run === 0) continue
    ours.push(mine.rate)
    theirs.push(other.rate)
  }
  const mine = spread(ours, '/s')
  const other = spread(theirs, '/s')
  return {
    what: 'report with one delayed action over HTTP, verified token, 64 callers',
    ours: mine,
    reference: { name: 'empty handler', spread: other },
    ...atLeast('ratio', mine.median / other.median, 0.3),
  }
}

async function appToken(server: Served): Promise<string> {
  const response = await fetch(`${server.file.url}/api/v1/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.file.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tenant: 'contoso', app: 'demo-app' }),
  })
  if (!response.ok) throw new Error(`no token: ${response.status} ${await response.text()}`)
  return ((await response.json()) as { token: string }).token
}

/** The demo's automations mail at once; this one only has an action in a day. */
async function declareTrigger(server: Served): Promise<void> {
  const { readFileSync } = await import('node:fs')
  const demo = readFileSync(new URL('../examples/workspace.yaml', import.meta.url), 'utf8')
  const workspace = demo
    .replace(
      '    triggers:\n',
      '    triggers:\n      - { app: demo-app, key: bench_trigger, title: Bench }\n',
    )
    .replace(
      '    automations:\n',
      '    automations:\n      - name: Bench\n        app: demo-app\n        trigger: bench_trigger\n        actions:\n          - delay: 1 days\n          - mail: { to: bob@contoso.example, subject: Bench, text: Bench }\n',
    )
  const response = await fetch(`${server.file.url}/api/v1/workspace`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.file.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ workspace }),
  })
  if (!response.ok) throw new Error(`workspace: ${response.status} ${await response.text()}`)
}
