// Reports over HTTP, as an app of Wix's makes them: its token, a trigger with one action in a day, and the request.

import { readFileSync } from 'node:fs'
import { request } from './http-load.ts'
import type { Served } from './served.ts'

/** The bytes of the `i`th report. The server is told of its trigger first. */
export async function reportsTo(server: Served): Promise<{
  readonly token: string
  readonly report: (i: number) => Buffer
}> {
  const token = await tokenFor(server, { tenant: 'contoso', app: 'demo-app' })
  await declareTrigger(server)
  return {
    token,
    report: i => request('POST', '/automations/v1/events/report', { authorization: token }, reportBody(i)),
  }
}

export function reportBody(i: number): object {
  const externalEntityId = `16ef8c9c-413e-4d5f-b77d-${String(i).padStart(12, '0')}`
  return { triggerKey: 'bench_trigger', externalEntityId }
}

/** As the operator of the server makes them. */
export async function tokenFor(
  server: Served,
  whom: { readonly tenant: string; readonly app?: string; readonly operator?: true },
): Promise<string> {
  const response = await fetch(`${server.file.url}/api/v1/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.file.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(whom),
  })
  if (!response.ok) throw new Error(`no token: ${response.status} ${await response.text()}`)
  return ((await response.json()) as { token: string }).token
}

/** The demo's automations mail at once; this one only has an action in a day. */
async function declareTrigger(server: Served): Promise<void> {
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
