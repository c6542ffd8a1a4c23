// Directories of rows. A bench that is broken off leaves neither gigabytes behind nor what works in them.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kill, processTree } from './processes.ts'

const directories: string[] = []

process.on('exit', () => {
  kill(processTree(process.pid).filter(pid => pid !== process.pid))
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
})

export function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'standdown-bench-'))
  directories.push(directory)
  return directory
}
