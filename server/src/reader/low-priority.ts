// Lets this process give way to all others where processors are short.

import { readdirSync, writeFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'

/** The kernel takes one such change in a tenth of a second from all processes without privileges together. */
const AGAIN_AFTER_MS = 150
const TRIES = 20

/**
 * Call it in a process that has a session of its own (`detached`), for the whole session gives way. `niceness`: 0 to 19. A process does
 * this for itself: what is done to another one by its pid may reach whoever has that pid by then.
 *
 * A Linux kernel that groups processes by session ("autogroup", sched(7); most distributions) shares a processor between
 * sessions first, and heeds a process's nice value within its session only. PostgreSQL has a session of its own, so the
 * nice value of a process of ours says nothing to it. The group's own does.
 */
export function giveWay(niceness: number): void {
  for (const thread of ownThreads()) lowerThread(thread, niceness)
  lowerSession(niceness, TRIES)
}

/** Linux keeps a nice value for each thread: V8 collects and compiles in some of its own. */
function ownThreads(): readonly number[] {
  try {
    return readdirSync('/proc/self/task').map(Number)
  } catch {
    return [0]
  }
}

/** Never back up: a server that was started with a higher nice value keeps it, and without privileges it could not be changed. */
function lowerThread(thread: number, niceness: number): void {
  try {
    if (getPriority(thread) < niceness) setPriority(thread, niceness)
  } catch {
    // The thread has ended.
  }
}

function lowerSession(niceness: number, tries: number): void {
  try {
    writeFileSync('/proc/self/autogroup', String(niceness))
  } catch (error) {
    // Anything else: this kernel does not group by session.
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || tries <= 1) return
    setTimeout(() => lowerSession(niceness, tries - 1), AGAIN_AFTER_MS).unref()
  }
}
