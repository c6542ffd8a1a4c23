// Processes that are not our children. Their end has no signal to wait for: `ended` looks until one is gone.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { processStart } from '../../server/src/store/process-identity.ts'
import { until } from '../support/until.ts'

export async function ended(pid: number): Promise<void> {
  const start = processStart(pid)
  await until(async () => start === null || processStart(pid) !== start)
}

export function childrenOf(pid: number): number[] {
  const list =
    process.platform === 'linux'
      ? readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      : spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' }).stdout
  return list.split(/\s+/).filter(Boolean).map(Number)
}

export function parentOf(pid: number): number {
  if (process.platform !== 'linux') {
    return Number(spawnSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }).stdout)
  }
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}
