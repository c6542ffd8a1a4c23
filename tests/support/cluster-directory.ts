// Where the tests' PostgreSQL keeps its data.

import { mkdtempSync, readdirSync, readlinkSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MEMORY = '/dev/shm'
/** A whole run has filled 0.6 GB; its processes need memory too. */
const ROOM_BYTES = 4 * 2 ** 30
const MEMORY_BYTES = 8 * 2 ** 30
/** Containers may share that directory: a process id says something within its own namespace only. */
const PREFIX = `standdown-test-${pidNamespace()}-`
const NAME = new RegExp(`^${PREFIX}(\\d+)-`)

/**
 * A new directory, in memory where there is plenty of it: every test has a database of its own, and making the 570 files of one costs a
 * file system on a disk 200 ms of a processor, one in memory 20 ms. It is the caller's to remove.
 */
export function clusterDirectory(): string {
  const parent = hasRoomInMemory() ? MEMORY : tmpdir()
  removeForgotten(parent)
  return mkdtempSync(join(parent, `${PREFIX}${process.pid}-`))
}

function hasRoomInMemory(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY)
    return bavail * bsize >= ROOM_BYTES && process.availableMemory() >= MEMORY_BYTES
  } catch {
    // There is none: not Linux.
    return false
  }
}

/** Of runs that were killed: nothing else would give that memory back. */
function removeForgotten(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = Number(NAME.exec(name)?.[1] ?? 0)
    if (pid === 0 || isAlive(pid)) continue
    try {
      rmSync(join(parent, name), { recursive: true, force: true })
    } catch {
      // Somebody else's.
    }
  }
}

function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
