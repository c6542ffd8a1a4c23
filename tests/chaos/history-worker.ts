// A Node process that runs histories and meetings, one after the other, on a database of its own. Told which by its parent.

import { createHash } from 'node:crypto'
import { ChaosDatabase } from './chaos-database.ts'
import { runHistory } from './history.ts'
import type { Violation } from './judge/checker.ts'
import type { Fact } from './judge/facts.ts'
import { type Blow, meet, type Written } from './meeting.ts'
import { type Situation, situationsIn } from './situations.ts'

/** A random history by its seed, or a meeting with blows. */
export type Task = { readonly seed: number } | { readonly blows: readonly Blow[] }

export type Report = {
  readonly task: Task
  readonly violations: readonly Violation[]
  /** Simulated milliseconds. */
  readonly lastedMs: number
  readonly deadlocks: number
  /** How many facts there are of each kind. */
  readonly facts: Readonly<Record<string, number>>
  readonly situations: readonly Situation[]
  /** Equal for two runs in which the same happened at the same times. */
  readonly mark: string
  /** When it is wanted, or something was violated. */
  readonly trace: readonly string[] | null
  /** Of a meeting: what blows can be aimed at. */
  readonly units: readonly Written[]
  /** Why it could not be run to its end. */
  readonly broken: string | null
}

type Happened = {
  readonly violations: readonly Violation[]
  readonly facts: readonly Fact[]
  readonly trace: readonly string[]
  readonly lastedMs: number
  readonly deadlocks: number
  readonly units?: readonly Written[]
}

const database = await ChaosDatabase.make()
let running: Promise<void> = Promise.resolve()

process.on('message', ({ task, wantsTrace }: { readonly task: Task; readonly wantsTrace: boolean }) => {
  running = report(task, wantsTrace).then(said => void process.send?.(said))
})
process.once('disconnect', () => {
  void running.then(() => database[Symbol.asyncDispose]()).finally(() => process.exit(0))
})
process.send?.('ready')

async function report(task: Task, wantsTrace: boolean): Promise<Report> {
  try {
    const { violations, facts, trace, lastedMs, deadlocks, units = [] } = await run(task)
    const kinds = Map.groupBy(facts, fact => fact.is)
    return {
      task,
      violations,
      lastedMs,
      deadlocks,
      facts: Object.fromEntries([...kinds].map(([is, list]) => [is, list.length])),
      situations: situationsIn(facts),
      mark: createHash('sha256').update(trace.join('\n')).digest('hex').slice(0, 12),
      trace: wantsTrace || violations.length > 0 ? trace : null,
      units,
      broken: null,
    }
  } catch (error) {
    const broken = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const nothing = {
      violations: [],
      lastedMs: 0,
      deadlocks: 0,
      facts: {},
      mark: '',
      trace: null,
      situations: [],
      units: [],
    }
    return { task, ...nothing, broken }
  }
}

async function run(task: Task): Promise<Happened> {
  await database.empty()
  return 'seed' in task ? await runHistory(task.seed, database) : await meet(database, task.blows)
}
