// The directed search: units of the process that runs the mail are struck one after the other, by twos and by threes. An
// engine writes other units after it was struck, so each round learns from the one before what there is to aim at.

import type { Report, Task } from '../history-worker.ts'
import type { Blow } from '../meeting.ts'

/** Units behind the blow before that are aimed at: what an engine does about a blow, and its next start. */
const REACH = 14

/** `blows`: how many at most. All pairs take seconds, all threes minutes. */
export async function searchMeetings(
  run: (tasks: readonly Task[]) => Promise<readonly Report[]>,
  blows: 2 | 3,
): Promise<readonly Report[]> {
  const calm = await run([{ blows: [] }])
  const once = await run(calm.flatMap(report => further(report, ['answer lost', 'comes late'])))
  const twice = await run([
    ...once.flatMap(comesBehindEach),
    ...once.flatMap(report => further(report, ['answer lost', 'comes late', 'held back'])),
  ])
  const passed = twice.filter(report => blowsOf(report).at(-1)?.is !== 'held back')
  const thrice =
    blows === 3
      ? await run([
          ...passed.flatMap(comesBehindEach),
          ...passed.flatMap(report => further(report, ['comes late', 'held back'])),
        ])
      : []
  return [...calm, ...once, ...twice, ...thrice]
}

/** The same once more, with one more blow. */
function further({ task, units }: Report, kinds: readonly Blow['is'][]): Task[] {
  const before = blowsOf({ task })
  const last = before.at(-1)?.at ?? 0
  return units.slice(last, last + REACH).flatMap(({ commits }, i) =>
    kinds
      // Before its commit nothing is done: to lose such an answer is to lose the request.
      .filter(is => is !== 'answer lost' || commits)
      .map(is => ({ blows: [...before, { at: last + i + 1, is }] })),
  )
}

/** What came late comes sooner: behind each unit that was written since. */
function comesBehindEach({ task, units }: Report): Task[] {
  const blows = blowsOf({ task })
  const late = blows.at(-1)
  if (late?.is !== 'comes late' || late.behind !== undefined) return []
  return units
    .slice(late.at, late.at + REACH)
    .map((_, i) => ({ blows: [...blows.slice(0, -1), { ...late, behind: late.at + i + 1 }] }))
}

function blowsOf({ task }: Pick<Report, 'task'>): readonly Blow[] {
  return 'blows' in task ? task.blows : []
}
