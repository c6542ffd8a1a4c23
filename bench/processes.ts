// Processes, their trees and the CPU time that they use: a figure that a busy machine moves less than calls a second.

import { readdirSync, readFileSync } from 'node:fs'

/** Microseconds. Null where this system has no /proc to read them from. */
export type Cpu = { readonly node: number | null; readonly database: number | null }

/** What has been used so far. */
export type Meter = () => Cpu

/** This process, and the database with everything that hangs from its process. */
export function inProcess(databasePid: number): Meter {
  return () => {
    const { user, system } = process.cpuUsage()
    return { node: user + system, database: treeMicros(databasePid) }
  }
}

/** Another Node process, and everything that hangs from it: of a server of ours its PostgreSQL. */
export function servedBy(pid: number): Meter {
  return () => {
    const all = treeMicros(pid)
    const own = read(pid)
    if (all === null || own === null) return { node: null, database: null }
    return { node: own.micros, database: all - own.micros }
  }
}

/** Between two readings, for each of `calls`. */
export function perCall(before: Cpu, after: Cpu, calls: number): Cpu {
  const each = (from: number | null, to: number | null) =>
    from === null || to === null ? null : (to - from) / calls
  return { node: each(before.node, after.node), database: each(before.database, after.database) }
}

/** The process and its descendants. Empty where there is no /proc. */
export function processTree(root: number): readonly number[] {
  const children = new Map<number, number[]>()
  for (const pid of everyPid()) {
    const parent = read(pid)?.parent
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const tree = read(root) === null ? [] : [root]
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree
}

/** SIGKILL for each that is still there: PostgreSQL's processes end when their parent does. */
export function kill(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

// What a child used that has ended stands with its parent: the sum over the tree never falls.
function treeMicros(root: number): number | null {
  const found = processTree(root).map(read)
  if (found.length === 0) return null
  return found.reduce((sum, process) => sum + (process ? process.micros + process.endedChildren : 0), 0)
}

function everyPid(): readonly number[] {
  try {
    return readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? [Number(name)] : []))
  } catch {
    return []
  }
}

// Linux counts these in hundredths of a second, on every machine that Node runs on.
const MICROS_A_TICK = 10_000

type Process = { readonly parent: number; readonly micros: number; readonly endedChildren: number }

function read(pid: number): Process | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in brackets may hold anything; what follows it begins with the third field, the state.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [parent, user, system, endedUser, endedSystem] = [1, 11, 12, 13, 14].map(i => fields[i] ?? 0)
    return {
      parent: parent!,
      micros: (user! + system!) * MICROS_A_TICK,
      endedChildren: (endedUser! + endedSystem!) * MICROS_A_TICK,
    }
  } catch {
    return null
  }
}
