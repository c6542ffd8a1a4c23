// Identifies a process by its pid and its start time. A pid alone is not enough: after a restart of the machine or of a container
// another process may have it.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, realpathSync } from 'node:fs'

/** The start time of the process, in the system's own format, only to be compared; null when there is no such process. */
export function processStart(pid: number): string | null {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      // Field 2 is the command in parentheses and may hold anything; the start is field 22 (proc_pid_stat(5)).
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return fields[0] === 'Z' ? null : (fields[19] ?? null)
    } catch {
      return null
    }
  }
  const ps = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
  return ps.status === 0 ? ps.stdout.trim() || null : null
}

/** True when the pid is a process that works in `directory`, as each process of PostgreSQL does in its data. */
export function worksIn(pid: number, directory: string): boolean {
  if (processStart(pid) === null) return false
  if (process.platform === 'linux') {
    try {
      return realpathSync(`/proc/${pid}/cwd`) === realpathSync(directory)
    } catch {
      // A process of another user, so not one that we started.
      return false
    }
  }
  const ps = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  return ps.stdout.includes(directory)
}

/** The processes of PostgreSQL that work in `directory`, as Linux tells; elsewhere none is found. */
export function postgresIn(directory: string): number[] {
  if (process.platform !== 'linux') return []
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter(pid => isPostgres(pid) && worksIn(pid, directory))
}

function isPostgres(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres'
  } catch {
    return false
  }
}
