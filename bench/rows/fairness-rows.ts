// What a calm tenant notices while another one asks for the worst: its reports, its webhooks, /readyz, and how the server stops.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { ascending, pacedP99, quantile, until } from '../load.ts'
import { NOISY_TENANT, silentDns, startNoise } from '../noise/noise.ts'
import { reportBody, tokenFor } from '../reports.ts'
import { type Served, startServer } from '../served.ts'
import type { Size } from '../size.ts'
import { atMost, type Row, spread } from '../table.ts'

const CALM = 'calm'
const WARM_UP_SECONDS = 3
const CALM_TENANT = {
  id: CALM,
  name: 'Calm',
  domains: ['calm.example'],
  webhooks: { allow: ['127.0.0.1'] },
  users: [{ upn: 'carl@calm.example', name: 'Carl', roles: ['operator'] }],
  apps: [
    {
      name: 'calm-app',
      scopes: ['SCOPE.DC.MANAGE-YOUR-APP', 'SCOPE.CRM.SETUP-AUTOMATIONS'],
      sites: [{ name: 'Calm' }],
    },
  ],
  triggers: [{ app: 'calm-app', key: 'bench_trigger', title: 'Bench' }],
  automations: [
    {
      name: 'Bench',
      app: 'calm-app',
      trigger: 'bench_trigger',
      actions: [{ delay: '1 days' }, { mail: { to: 'carl@calm.example', subject: 'Bench', text: 'Bench' } }],
    },
  ],
}

type Ask = (path: string, token: string, body?: unknown) => Promise<Response>

type Noticed = {
  readonly reportMs: number
  readonly webhookMs: number
  readonly readyMs: number
}

type Round = Noticed & {
  readonly quietReportMs: number
  readonly stopSeconds: number
  /** What the worst of it came to. */
  readonly note: string
}

/** Each round is a server of its own, quiet and then loud; a ratio is of one round. */
const ROUNDS = 3

export async function fairnessRows({
  seconds,
  runs,
}: Pick<Size, 'seconds' | 'runs'>): Promise<readonly Row[]> {
  const rounds: Round[] = []
  for (let round = 0; round < Math.min(runs, ROUNDS); round++) rounds.push(await fairnessRound(seconds))
  const row = (id: string, what: string, unit: string, of: (round: Round) => number, goal: Goal): Row => {
    const ours = spread(rounds.map(of), unit)
    return {
      id,
      what: `beside a tenant that asks for the worst: ${what}`,
      ours,
      peer: null,
      figures: [atMost(unit, ours.median, goal.atMost)],
      note: rounds[0]!.note,
    }
  }
  const quiet = spread(
    rounds.map(round => round.quietReportMs),
    'ms',
  ).median
  return [
    row('fair-webhook', 'p99 of another’s webhook, from its announcement', 'ms', round => round.webhookMs, {
      atMost: 500,
    }),
    row(
      'fair-report',
      `p99 of another’s report, times that while it is quiet (${quiet.toFixed(1)} ms)`,
      '×',
      round => round.reportMs / round.quietReportMs,
      { atMost: 3 },
    ),
    row('fair-ready', 'p99 of /readyz', 'ms', round => round.readyMs, { atMost: 100 }),
    row('fair-stop', 'from SIGTERM to its end', 's', round => round.stopSeconds, { atMost: 10 }),
  ]
}

type Goal = { readonly atMost: number }

async function fairnessRound(seconds: number): Promise<Round> {
  await using dns = await silentDns()
  await using server = await startServer(undefined, {
    preload: new URL('../noise/silent-dns.ts', import.meta.url),
    env: { BENCH_DNS: dns.address },
  })
  const ask: Ask = (path, token, body) =>
    fetch(`${server.file.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: path.startsWith('/automations') ? token : `Bearer ${token}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const workspace = JSON.stringify({ tenants: [CALM_TENANT, NOISY_TENANT] })
  const applied = await ask('/api/v1/workspace', server.file.token, { workspace })
  if (!applied.ok) throw new Error(`workspace: ${applied.status} ${await applied.text()}`)

  // What is slow the first time only would make the quiet p99 a large one, against which anything looks fair.
  await calmly(server, ask, WARM_UP_SECONDS)
  const quiet = await calmly(server, ask, 4 * seconds)
  const noise = await startNoise(server.file)
  await until(() => noise.seen().streams >= 400 && noise.seen().hanging >= 20 && noise.seen().bodies > 0, 50)
  const loud = await calmly(server, ask, 6 * seconds)
  const seen = noise.seen()
  const note = `meanwhile ${seen.hanging} webhooks hung, ${seen.idle} idle connections and ${seen.streams} streams were open, ${seen.bodies} meetings of 600 kB and ${seen.dryRuns} dry runs of 40,000 keys were answered`

  const asked = performance.now()
  server.process.kill('SIGTERM')
  await once(server.process, 'exit')
  const stopSeconds = (performance.now() - asked) / 1000
  await noise[Symbol.asyncDispose]()
  return { ...loud, quietReportMs: quiet.reportMs, stopSeconds, note }
}

/** As a tenant of which nobody hears: 20 reports, 10 webhooks and 10 looks at /readyz a second. */
async function calmly(server: Served, ask: Ask, seconds: number): Promise<Noticed> {
  const app = await tokenFor(server, { tenant: CALM, app: 'calm-app' })
  const carl = await tokenFor(server, { tenant: CALM, operator: true })
  const begun = new Map<string, number>()
  const took: number[] = []
  const receiver = createServer((request, response) => {
    const at = begun.get(request.url ?? '')
    if (at !== undefined && begun.delete(request.url ?? '')) took.push(performance.now() - at)
    request.resume()
    response.end()
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as { port: number }
  const end = performance.now() + seconds * 1000
  const more = () => performance.now() < end
  const answered = async (answer: Promise<Response>) => {
    const response = await answer
    const text = await response.text()
    if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text}`)
  }
  let webhooks = 0
  const run = Math.random().toString(36).slice(2)
  try {
    const [reportMs, , readyMs] = await Promise.all([
      pacedP99(20, more, i =>
        answered(ask('/automations/v1/events/report', app, reportBody(Math.floor(Math.random() * 1e9) + i))),
      ),
      pacedP99(10, more, i => {
        const path = `/${run}/${i}`
        begun.set(path, performance.now())
        webhooks++
        const url = `http://127.0.0.1:${port}${path}`
        return answered(ask('/api/v1/events', carl, { title: 'Calm', effects: [{ kind: 'webhook', url }] }))
      }),
      pacedP99(10, more, () => answered(ask('/readyz', carl))),
    ])
    const giveUp = performance.now() + 30_000
    await until(() => took.length === webhooks || performance.now() > giveUp)
    if (took.length < webhooks)
      throw new Error(`${webhooks - took.length} of ${webhooks} webhooks never came`)
    return { reportMs, readyMs, webhookMs: quantile(took.sort(ascending), 0.99) }
  } finally {
    receiver.closeAllConnections()
    receiver.close()
  }
}
