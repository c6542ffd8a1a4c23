// Many histories, or many searches by aimed blows, on as many Node processes as there are processors. They find the tests'
// PostgreSQL as test files do.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { testPostgres } from '../support/postgres.ts'
import type { Report, Task } from './history-worker.ts'

export type Histories = {
  readonly tasks: Iterable<Task>
  readonly workers?: number
  /** Traces of all; else only of those that violate something. */
  readonly wantsTraces?: boolean
  /** Called for each, as it ends. */
  readonly ended?: (report: Report) => void
  /** Ends after the histories that run. */
  readonly signal?: AbortSignal
}

/**
 * A history that takes longer is taken to hang; most take less than one second. It is counted in seconds in which this process had its
 * turn: on a machine that stands still for minutes, nothing hangs.
 */
const HANGS_AFTER_S = 120

/** In the order of the tasks. */
export async function runHistories(histories: Histories): Promise<readonly Report[]> {
  const { tasks, workers = availableParallelism(), wantsTraces = false, ended, signal } = histories
  // Told to the children by the environment.
  process.env.STANDDOWN_TEST_PG ??= JSON.stringify(await testPostgres())
  const reports: Report[] = []
  const left = [...tasks].entries()
  const work = async (): Promise<void> => {
    let child: ChildProcess | null = null
    try {
      for (let next = left.next(); !next.done && !signal?.aborted; next = left.next()) {
        const [i, task] = next.value
        child ??= await start()
        const report = await ask(child, task, wantsTraces)
        reports[i] = report
        ended?.(report)
        if (report.broken === null) continue
        // What is left of it must not be another's trouble.
        child.kill('SIGKILL')
        child = null
      }
    } finally {
      if (child !== null) await end(child)
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  return reports.filter(report => report !== undefined)
}

async function start(): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'history-worker.ts'), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
    // A Ctrl-C is the parent's business: the history that runs comes to its end.
    detached: true,
  })
  const said = await Promise.race([once(child, 'message'), once(child, 'exit')])
  if (said[0] !== 'ready') throw new Error(`a process for histories ended at its start: ${said[0]}`)
  return child
}

/** It drops its database and ends. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const over = once(child, 'exit')
  if (child.connected) child.disconnect()
  await over
}

async function ask(child: ChildProcess, task: Task, wantsTrace: boolean): Promise<Report> {
  const over = new AbortController()
  let left = HANGS_AFTER_S
  const hangs = setInterval(() => {
    left -= 1
    if (left === 0) over.abort()
  }, 1000)
  const broke = (why: string): Report => ({
    task,
    violations: [],
    lastedMs: 0,
    deadlocks: 0,
    facts: {},
    situations: [],
    mark: '',
    trace: null,
    units: [],
    broken: why,
  })
  const { signal } = over
  try {
    child.send({ task, wantsTrace })
    return await Promise.race([
      once(child, 'message', { signal }).then(([report]) => report as Report),
      once(child, 'exit', { signal }).then(([code]) => broke(`its process ended: ${code}`)),
    ]).catch(() => broke(`it did not end within ${HANGS_AFTER_S} s`))
  } finally {
    clearInterval(hangs)
    over.abort()
  }
}
