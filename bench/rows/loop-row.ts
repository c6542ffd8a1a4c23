// Every text that any API takes, made as long as its limits let it be and longer: how late the server's event loop is meanwhile.

import { Choices } from '../../tests/chaos/seeded.ts'
import { roleFor } from '../../tests/fuzz/fuzz.ts'
import { RawClient } from '../../tests/fuzz/raw-client.ts'
import { bytesOf, type Request } from '../../tests/fuzz/request.ts'
import { validRequest } from '../../tests/fuzz/valid-request.ts'
import { startWorld, type World } from '../../tests/fuzz/world.ts'
import { readDescriptions } from '../../tests/support/descriptions.ts'
import type { Size } from '../size.ts'
import { atMost, type Row, spread } from '../table.ts'

/** Characters. The last one fills what a body may be. */
const LENGTHS = [255, 2000, 30_000, 950_000]
/** Plain, and what costs most to read as HTML or to write as JSON. */
const FILLS = ['x', '<b>&amp;"\\']
const CALLERS = 2
/** Of Graph's hundreds of addresses, which lead to a few operations: one in so many. */
const ONE_IN = 20

export async function loopRow({ runs }: Pick<Size, 'runs'>): Promise<Row> {
  const p99: number[] = []
  let requests = 0
  let taken = 0
  for (let run = 0; run < runs; run++) {
    await using world = await startWorld()
    const all = await largest(world, run)
    requests = all.length
    taken = 0
    await lagMs(world)
    const callers = Array.from({ length: CALLERS }, async () => {
      const client = new RawClient(world.port)
      for (let request = all.pop(); request; request = all.pop()) {
        const answer = await client.send({ bytes: request, isHead: false, mostMs: 30_000, leave: false })
        if (typeof answer !== 'string' && answer.status < 300) taken++
      }
      client.close()
    })
    await Promise.all(callers)
    p99.push(await lagMs(world))
  }
  const ours = spread(p99, 'ms')
  return {
    id: 'loop',
    what: 'p99 of the event loop’s delay under every text of every API at its limits',
    ours,
    peer: null,
    figures: [atMost('ms', ours.median, 50)],
    note: `${requests} requests by ${CALLERS} callers, of which ${taken} were taken and the others refused`,
  }
}

/** Since the last time this was asked. */
async function lagMs({ server }: World): Promise<number> {
  const { text } = await server.ask('GET', '/metrics')
  const [, seconds] = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(text) ?? []
  if (seconds === undefined) throw new Error(`no delay of the event loop in /metrics: ${text.slice(0, 200)}`)
  return Number(seconds) * 1000
}

async function largest(world: World, seed: number): Promise<Buffer[]> {
  const all: Buffer[] = []
  for (const { address, operations, shapes } of await readDescriptions(world.server.url)) {
    for (const [i, operation] of operations.entries()) {
      if (operation.body === null || operation.body === undefined) continue
      if (/\/(revoke-tokens|renew|rotate|clock)$/.test(operation.path)) continue
      if (address.startsWith('/v1.0') && i % ONE_IN !== 0) continue
      const choices = new Choices(seed, `${operation.method} ${operation.path}`)
      const role = roleFor(operation, choices)
      const request = validRequest(operation, { choices, world, shapes, mark: 'text', role })
      for (const place of textsOf(request.value))
        for (const length of LENGTHS)
          for (const fill of FILLS)
            all.push(bytesOf({ ...request, value: grown(request, place, length, fill) }))
    }
  }
  return all
}

type Place = readonly (string | number)[]

function textsOf(value: unknown, at: Place = []): Place[] {
  if (typeof value === 'string') return [at]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, child]) => textsOf(child, [...at, name]))
}

function grown({ value }: Request, place: Place, length: number, fill: string): unknown {
  const text = fill.repeat(Math.ceil(length / fill.length)).slice(0, length)
  if (place.length === 0) return text
  const copy = structuredClone(value)
  let within = copy as { [name: string | number]: unknown }
  for (const name of place.slice(0, -1)) within = within[name] as typeof within
  within[place.at(-1) as string] = text
  return copy
}
