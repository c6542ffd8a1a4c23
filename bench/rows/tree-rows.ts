// One cancel of a large tree, whatever its shape and whatever the planner knows: acknowledged at once, final soon after,
// and the time that each effect takes does not grow with their number.

import type { Engine } from '../../server/src/engine/engine.ts'
import { finalReceipt } from '../receipts.ts'
import { analyze, seedPending, stopAutovacuum } from '../seed.ts'
import type { Size } from '../size.ts'
import { by, cancelOf, noop, openStand, type Stand, TENANT } from '../stand.ts'
import { atMost, type Row, spread } from '../table.ts'
import { growTree, SHAPES, type Shape } from '../tree-shapes.ts'

export const STATISTICS = [
  { id: 'fresh', what: 'right after analyze' },
  { id: 'old', what: 'with statistics of when there were a hundred' },
] as const
type Statistics = (typeof STATISTICS)[number]

const STATEMENT_TIMEOUT_MS = 30_000

export type TreeSize = Pick<Size, 'tree' | 'smallTree' | 'trees' | 'giveUpSeconds'>

export async function treeRows(size: TreeSize): Promise<Row[]> {
  const rows: Row[] = []
  for (const shape of SHAPES) {
    for (const statistics of STATISTICS) rows.push(await treeRow(shape, statistics, size))
  }
  return rows
}

export async function treeRow(shape: Shape, statistics: Statistics, size: TreeSize): Promise<Row> {
  const { tree, smallTree, trees } = size
  // Statements get the time that they get in a server.
  await using stand = await openStand({ statementTimeoutMs: STATEMENT_TIMEOUT_MS })
  const engine = stand.engine([noop()])
  await engine.start()
  await seedPending(stand.db, engine, { prefix: 'few', count: 100 })
  if (statistics.id === 'old') await stopAutovacuum(stand.db)
  // Connections and prepared statements are there when it counts.
  for (let i = 0; i < 50; i++) await cancelOf(engine, `few${i}`)
  const small: CancelledTree[] = []
  const large: CancelledTree[] = []
  const within = size.giveUpSeconds * 1000
  let final = true
  for (let i = 0; i < trees && final; i++) {
    for (const [results, events] of [
      [small, smallTree],
      [large, tree],
    ] as const) {
      const result = await cancelTree(stand, engine, { shape, statistics, events, within })
      results.push(result)
      // One that is not final is still at work, and would be in the way of the next.
      final &&= result.final
    }
  }
  const each = (of: readonly CancelledTree[]) =>
    spread(
      of.map(({ finalMs, effects }) => (finalMs * 1000) / effects),
      'µs an effect',
    )
  const ours = each(large)
  const peer = each(small)
  const worst = (of: 'acknowledgedMs' | 'finalMs') => Math.max(...large.map(result => result[of]))
  const givenUp = final ? {} : { note: `given up after ${size.giveUpSeconds} s` }
  return {
    id: `tree-${shape.id}-${statistics.id}`,
    what: `cancel of ${shape.what(tree)}, ${statistics.what}`,
    ours,
    peer: { name: `of ${smallTree.toLocaleString('en')}`, ...peer },
    figures: [
      atMost('ms to acknowledge, worst', worst('acknowledgedMs'), 100),
      atMost('s to final, worst', worst('finalMs') / 1000, 30),
      atMost('× the time for each', ours.median / peer.median, 1.5),
    ],
    ...givenUp,
  }
}

type CancelledTree = {
  readonly acknowledgedMs: number
  readonly finalMs: number
  /** False: it was not waited for any longer. */
  readonly final: boolean
  readonly effects: number
}

async function cancelTree(
  stand: Stand,
  engine: Engine,
  of: {
    readonly shape: Shape
    readonly statistics: Statistics
    readonly events: number
    readonly within: number
  },
): Promise<CancelledTree> {
  const { rootId, events } = await growTree(stand.db, engine, of.shape.levels(of.events))
  if (of.statistics.id === 'fresh') await analyze(stand.db)
  const begun = performance.now()
  const outcome = await engine.cancel({ tenant: TENANT, target: { eventId: rootId }, by })
  const acknowledgedMs = performance.now() - begun
  if ('refused' in outcome) throw new Error(`cancel of a tree: ${outcome.refused}`)
  const receipt = await finalReceipt(engine, outcome.receiptId, of.within)
  const finalMs = performance.now() - begun
  if (receipt && receipt.counts.total !== events)
    throw new Error(`receipt ${receipt.id} lists ${receipt.counts.total} of ${events} effects`)
  return { acknowledgedMs, finalMs, final: receipt !== null, effects: events }
}
