// A data directory belongs to one server at a time: the one whose pid and start stand in its file server.lock. The
// file of a server that died is taken over.

import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { storeFault } from '../store/faults.ts'
import { processStart } from '../store/process-identity.ts'

export type DataDirectory = {
  /** Absolute. */
  readonly path: string
  /** Gives it free. May be called twice. */
  release(): void
}

type Owner = { readonly pid: number; readonly start: string }

// As root PostgreSQL's own user has to pass through, but on Linux, where it inherits its directory open: there other programs
// of that user, which is often `nobody`, have no path to the files. What is private in here has mode 600 itself.
const PASSABLE = process.getuid?.() === 0 && process.platform !== 'linux'

/** What lies in it, as every version names it; drafts of a file have its name and more. */
const OURS = /^(postgresql|server\.lock|server\.json|database-password|tls)(\.|$)/

/** Root's, which earlier versions left passable. One that holds something else as well may be open to others on purpose. */
function closeToOthers(path: string): void {
  const { mode, uid } = statSync(path)
  if (process.getuid?.() !== 0 || uid !== 0 || (mode & 0o077) === 0) return
  if (readdirSync(path).every(name => OURS.test(name))) chmodSync(path, 0o700)
}

/**
 * Makes the directory when it is missing, and takes it for this process. Throws DATA_DIRECTORY_IN_USE,
 * DATA_DIRECTORY_UNUSABLE or DISK_FULL.
 */
export function takeDataDirectory(dataDir: string): DataDirectory {
  const path = resolve(dataDir)
  try {
    if (mkdirSync(path, { recursive: true })) chmodSync(path, PASSABLE ? 0o711 : 0o700)
    else if (!PASSABLE) closeToOthers(path)
    return takeLock(path)
  } catch (error) {
    throw directoryFault(error, path)
  }
}

/** The fault that says what a failed file operation means for the operator; anything else is given back as it is. */
export function directoryFault(error: unknown, path: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return storeFault.DISK_FULL({ dataDir: path }, error)
  if (code && ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ELOOP', 'ENAMETOOLONG'].includes(code)) {
    return storeFault.DATA_DIRECTORY_UNUSABLE({ dataDir: path, reason: message, user: userName() }, error)
  }
  return error
}

/** The user that this process runs as, for messages: its name, or its uid where it has none. */
export function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.()}`
  }
}

function takeLock(path: string): DataDirectory {
  const lock = join(path, 'server.lock')
  const mine: Owner = { pid: process.pid, start: processStart(process.pid) ?? '' }
  const text = JSON.stringify(mine) + '\n'
  const draft = `${lock}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' })
  try {
    // link() fails when the name is taken: of two servers that start at once, one gets it.
    while (!linked(draft, lock)) {
      const found = readOwner(lock)
      if (found && isAlive(found)) {
        throw storeFault.DATA_DIRECTORY_IN_USE({ pid: found.pid, dataDir: path })
      }
      removeStale(lock, found)
    }
  } finally {
    unlinkSync(draft)
  }
  return {
    path,
    release() {
      const owner = readOwner(lock)
      if (owner?.pid === mine.pid && owner.start === mine.start) unlinkSync(lock)
    },
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

// A lock file that cannot be read as one (the disk was full, the power went) belongs to nobody.
function readOwner(lock: string): Owner | null {
  try {
    const owner = JSON.parse(readFileSync(lock, 'utf8')) as Partial<Owner>
    return typeof owner.pid === 'number' ? { pid: owner.pid, start: String(owner.start) } : null
  } catch {
    return null
  }
}

function isAlive(owner: Owner): boolean {
  const start = processStart(owner.pid)
  return start !== null && (owner.start === '' || start === owner.start)
}

// Moved aside first and looked at again: between our look and our move another server may have taken it over.
function removeStale(lock: string, stale: Owner | null): void {
  const aside = `${lock}.${randomBytes(6).toString('hex')}`
  try {
    renameSync(lock, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const moved = readOwner(aside)
  if (moved && (moved.pid !== stale?.pid || moved.start !== stale.start)) linked(aside, lock)
  unlinkSync(aside)
}
