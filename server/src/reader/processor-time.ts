// How much of a processor another process has used.

import { readFile } from 'node:fs/promises'

/** Linux counts in hundredths of a second for every program (proc(5), `sysconf(_SC_CLK_TCK)`). */
const TICK_MS = 10

/** Milliseconds since its start, all its threads together; null where that cannot be read: not on Linux, or it has ended. */
export async function processorMs(pid: number): Promise<number | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
    // Counted from behind the program's name, which stands in parentheses and may hold anything (proc(5): utime 14, stime 15).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    return Number.isFinite(ticks) ? ticks * TICK_MS : null
  } catch {
    return null
  }
}
