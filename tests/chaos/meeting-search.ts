// The directed search: every pair of commits of the process that runs the mail loses its answers, and every request that it
// writes behind them arrives as late as can hurt. An engine writes other units after it was struck, so each round learns from
// the one before what there is to aim at.

import type { Report, Task } from './history-worker.ts'
import type { Blow } from './meeting.ts'

/** Requests behind the last blow that are held back, each in a meeting of its own. */
const HELD_BACK = 14

export async function searchMeetings(
  run: (tasks: readonly Task[]) => Promise<readonly Report[]>,
): Promise<readonly Report[]> {
  const calm = await run([{ blows: [] }])
  const lost = await run(calm.flatMap(loseEachCommit))
  const lostTwice = await run(lost.flatMap(loseEachCommit))
  const late = await run([...lost, ...lostTwice].flatMap(holdBackEach))
  return [...calm, ...lost, ...lostTwice, ...late]
}

function loseEachCommit(report: Report): Task[] {
  const blows = blowsOf(report)
  const last = blows.at(-1)?.at ?? 0
  return report.units.flatMap(({ commits }, i) =>
    commits && i + 1 > last ? [{ blows: [...blows, { at: i + 1, is: 'answer lost' }] }] : [],
  )
}

function holdBackEach(report: Report): Task[] {
  const blows = blowsOf(report)
  const first = (blows.at(-1)?.at ?? 0) + 1
  const last = Math.min(report.units.length, first + HELD_BACK - 1)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => ({
    blows: [...blows, { at: first + i, is: 'held back' }],
  }))
}

function blowsOf({ task }: Report): readonly Blow[] {
  return 'blows' in task ? task.blows : []
}
