// Lets a process give way to all others where processors are short.

import { readdir, writeFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'

/** The kernel takes one such change in a tenth of a second from all processes without privileges together. */
const AGAIN_AFTER_MS = 150
const TRIES = 20

/**
 * `pid`: of a process with a session of its own (`detached`), for the whole session gives way. `niceness`: 0 to 19.
 *
 * A Linux kernel that groups processes by session ("autogroup", sched(7); most distributions) shares a processor between
 * sessions first, and heeds a process's nice value within its session only. PostgreSQL has a session of its own, so the
 * nice value of a process of ours says nothing to it. The group's own does.
 */
export async function giveWay(pid: number, niceness: number): Promise<void> {
  // Linux keeps a nice value for each thread: V8 collects and compiles in some of its own.
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  for (const thread of [pid, ...threads.map(Number)]) {
    try {
      setPriority(thread, niceness)
    } catch {
      // It has ended already.
    }
  }
  for (let tries = 0; tries < TRIES; tries++) {
    const code = await writeFile(`/proc/${pid}/autogroup`, String(niceness)).then(
      () => null,
      error => (error as NodeJS.ErrnoException).code,
    )
    // Anything else: this kernel does not group by session, or the process has ended.
    if (code !== 'EAGAIN') return
    await wait(AGAIN_AFTER_MS, undefined, { ref: false })
  }
}
