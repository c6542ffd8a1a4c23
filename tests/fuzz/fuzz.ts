// Malformed requests, as many as one wants, made from the documents that the server publishes. The same seed makes the same
// requests; the ids of things in them are those of the run.

import { Choices } from '../chaos/seeded.ts'
import { type Document, type Operation, readDescriptions } from '../support/descriptions.ts'
import { faultIn } from './judge.ts'
import { mutate } from './mutate.ts'
import { type Answer, type NoAnswer, RawClient } from './raw-client.ts'
import { bytesOf, type Request, shown } from './request.ts'
import { validRequest } from './valid-request.ts'
import { ROLES, type Role, startWorld, type World } from './world.ts'

export type FuzzOptions = {
  readonly seed: number
  readonly count: number
  /** The first one's number. Default 0. */
  readonly from?: number
  /** Requests under way at once. Default 6. */
  readonly lanes?: number
  readonly signal?: AbortSignal
  readonly progress?: (done: number) => void
  /** Every request and its answer is written out. */
  readonly tells?: boolean
}

export type Fault = {
  readonly number: number
  readonly what: string
  readonly request: string
  readonly answer: string
}

export type Report = {
  readonly done: number
  readonly faults: readonly Fault[]
  readonly statuses: ReadonlyMap<number, number>
  /** By operation: how many were answered 2xx. */
  readonly taken: ReadonlyMap<string, number>
  readonly operations: readonly Operation[]
  readonly slowestMs: number
  readonly refreshed: number
}

/** An answer is late after this. */
const MAX_MS = 15_000
/** The clock runs what falls due on its way. */
const MAX_OF_CLOCK_MS = 60_000
/** New things are made after so many: what was there is used up. */
const REFRESH_EVERY = 4_000

const MARK = /fz(\d+)z/g

export async function fuzz(options: FuzzOptions): Promise<Report> {
  await using world = await startWorld()
  const documents = await readDescriptions(world.server.url)
  const { from = 0, count, lanes = 6, signal } = options
  const faults: Fault[] = []
  const statuses = new Map<number, number>()
  const taken = new Map<string, number>()
  /** Numbers of requests that were taken. */
  const accepted = new Set<number>()
  let slowestMs = 0
  let done = 0
  let next = from
  let refreshing: Promise<void> | null = null
  let refreshed = 0
  let lastRefresh = from

  const anew = (what: 'mint' | 'refresh') => {
    // A request that is still under way may make the new tokens void too.
    refreshing ??= world[what]()
      .catch(() => world.refresh())
      .catch(() => world.refresh())
      .then(() => void refreshed++)
      .catch(error => fail(-1, `the world cannot be made anew: ${error}`))
      .finally(() => {
        refreshing = null
      })
    return refreshing
  }
  const fail = (number: number, what: string, request = '', answer = '') => {
    if (faults.length < 200) faults.push({ number, what, request, answer })
  }

  const lane = async () => {
    const client = new RawClient(world.port)
    while (next < from + count && !signal?.aborted) {
      const number = next++
      if (number - lastRefresh >= REFRESH_EVERY) {
        lastRefresh = number
        await anew('refresh')
      }
      if (refreshing) await refreshing
      const request = requestOf(number, { seed: options.seed, world, documents })
      const bytes = bytesOf(request)
      const begun = performance.now()
      const answer = await client.send({
        bytes,
        isHead: request.method === 'HEAD',
        mostMs: request.path.includes('clock') ? MAX_OF_CLOCK_MS : MAX_MS,
        leave: request.isBroken || request.raw !== null,
      })
      slowestMs = Math.max(slowestMs, performance.now() - begun)
      if (options.tells) console.log(`${shown(bytes)}\n-- answer\n${shownAnswer(answer)}`)
      const fault = faultIn(request, answer)
      if (fault !== null) fail(number, fault, shown(bytes), shownAnswer(answer))
      done++
      options.progress?.(done)
      if (typeof answer === 'string') continue
      const { status } = answer
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status < 400) {
        accepted.add(number)
        const { method, path } = request.operation
        taken.set(`${method} ${path}`, (taken.get(`${method} ${path}`) ?? 0) + 1)
      }
      if (hasLostToken(request, status)) await anew('mint')
    }
    client.close()
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  await afterwards(world, accepted, fail)
  return {
    done,
    faults,
    statuses,
    taken,
    operations: documents.flatMap(({ operations }) => operations),
    slowestMs,
    refreshed,
  }
}

type Planning = { readonly seed: number; readonly world: World; readonly documents: readonly Document[] }

const WEIGHTS = { native: 40, graph: 20, automations: 14, notifications: 14, own: 12 } as const
const ADDRESSES: { readonly [name in keyof typeof WEIGHTS]: string } = {
  native: '/api/v1/openapi.json',
  graph: '/v1.0/openapi.json',
  automations: '/automations/v1/openapi.json',
  notifications: '/api/v1/notifications/openapi.json',
  own: '/openapi.json',
}

/** Seldom: everybody has to have new tokens after one of these. */
const MAKES_VOID = /\/(revoke-tokens|renew|rotate)$/

function requestOf(number: number, { seed, world, documents }: Planning): Request {
  const choices = new Choices(seed, `request ${number}`)
  const address = ADDRESSES[choices.weighed(WEIGHTS)]
  const document = documents.find(each => each.address === address)
  if (!document) throw new Error(`no document at ${address}`)
  let operation = choices.among(document.operations)
  while (MAKES_VOID.test(operation.path) && choices.maybe(0.9)) operation = choices.among(document.operations)
  const role = roleFor(operation, choices)
  const { shapes } = document
  const request = validRequest(operation, { choices, world, shapes, mark: `fz${number}z`, role })
  mutate(request, choices, shapes)
  return request
}

/** Anybody tries everything; mostly who may, so that what lies behind the first refusal is come to. */
export function roleFor({ document, path }: Operation, choices: Choices): Role {
  if (choices.maybe(0.3)) return choices.among(ROLES)
  if (document === ADDRESSES.automations) return 'app'
  if (document === ADDRESSES.notifications) return choices.among(['agent', 'agent', 'app'])
  if (document === ADDRESSES.graph) return choices.among(['member', 'admin', 'admin', 'app'])
  if (/\/(tokens|sign-in-links|apps|users|operators|keys|workspace)(\/|$)/.test(path)) return 'server'
  if (document === ADDRESSES.own) return choices.among(['browser', 'nobody'])
  return choices.among(['admin', 'admin', 'operator', 'app'])
}

/** It was as good as the caller's last one can be; or its owner has just signed out. */
function hasLostToken({ role, path, isOwnToken, operation }: Request, status: number): boolean {
  if (role === 'browser') return status < 400 && /signout|session\/end/.test(path)
  if (status !== 401 || role === 'nobody' || !isOwnToken || operation.isPublic) return false
  return /^\/(api\/v1|v1\.0|beta|docs\/api|automations|v1|_api|workflows)\//.test(path)
}

function shownAnswer(answer: Answer | NoAnswer): string {
  if (typeof answer === 'string') return answer
  const { status, headers, body } = answer
  return `${status} ${headers.get('content-type') ?? ''}\n${body.toString('utf8').slice(0, 600)}`
}

/** Whoever wrote to the database without having been told so; what is left hanging there; and what was logged. */
async function afterwards(
  world: World,
  accepted: ReadonlySet<number>,
  fail: (number: number, what: string, request?: string, answer?: string) => void,
): Promise<void> {
  const { server, db } = world
  for (const line of server.said) {
    if (!line.startsWith('{')) continue
    const { level, msg, err, where } = JSON.parse(line)
    if (level >= 50)
      fail(-1, 'an error was logged', where ?? '', `${msg}\n${err?.stack ?? err?.message ?? line}`)
  }
  // By what stands in every text of a request.
  for (const table of ['event', 'cancellation'] as const) {
    const rows = await db.query<{ text: string }>({ text: TEXTS_OF[table] })
    const wrote = new Set(
      rows.flatMap(({ text }) => [...text.matchAll(MARK)].map(([, number]) => Number(number))),
    )
    for (const number of wrote)
      if (!accepted.has(number)) fail(number, `it was refused, and is in engine.${table}`)
  }
  const hanging = await db.query<{ query: string }>({ text: LEFT_OPEN })
  for (const { query } of hanging) fail(-1, 'a transaction was left open', '', query)
  await world
    .refresh()
    .catch(error => fail(-1, 'afterwards it does not serve a correct request', '', String(error)))
  const ready = await server.ask('GET', '/readyz')
  if (ready.status !== 200) fail(-1, 'afterwards it is not ready', '', ready.text)
}

const LEFT_OPEN = `select query from pg_stat_activity
  where datname = current_database() and state like 'idle in transaction%' and state_change < now() - interval '5 s'`

const TEXTS_OF = {
  event:
    "select title || ' ' || data::text || ' ' || coalesce(correlation_id, '') as text from engine.event where title || data::text like '%fz%'",
  cancellation:
    "select coalesce(reason, '') || ' ' || coalesce(correlation_id, '') as text from engine.cancellation where coalesce(reason, '') || coalesce(correlation_id, '') like '%fz%'",
} as const
