// Locks the data directory: it belongs to one server at a time, the one whose pid and start time are in its file server.lock. The
// lock of a server that died is taken over.

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

type DataDirectory = {
  /** Absolute. */
  readonly path: string
  /** Releases the lock. May be called twice. */
  release(): void
}

type LockHolder = { readonly pid: number; readonly start: string }

// When the server runs as root, PostgreSQL's user must be able to pass through this directory. Not on Linux, where PostgreSQL inherits
// its directory as an open descriptor: so other programs of that user, which is often `nobody`, have no path to the files. Private
// files in here have mode 600 themselves.
const PASSABLE = process.getuid?.() === 0 && process.platform !== 'linux'

/** The names in it, of every version; drafts of a file have its name with a suffix. */
const OURS = /^(postgresql|server\.lock|server\.json|database-password|tls)(\.|$)/

/** A directory of root, which earlier versions left open to pass through. One with other content may be open on purpose. */
function closeToOthers(path: string): void {
  const { mode, uid } = statSync(path)
  if (process.getuid?.() !== 0 || uid !== 0 || (mode & 0o077) === 0) return
  if (readdirSync(path).every(name => OURS.test(name))) chmodSync(path, 0o700)
}

/**
 * Makes the directory when it is missing, and locks it for this process. Throws DATA_DIRECTORY_IN_USE,
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

/** The fault that tells the operator what a failed file operation means; any other error is returned unchanged. */
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
  const mine: LockHolder = { pid: process.pid, start: processStart(process.pid) ?? '' }
  const text = JSON.stringify(mine) + '\n'
  const draft = `${lock}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' })
  try {
    // link() fails when the name exists: of two servers that start at once, only one gets the lock.
    while (!linked(draft, lock)) {
      const found = readHolder(lock)
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
      const holder = readHolder(lock)
      if (holder?.pid === mine.pid && holder.start === mine.start) unlinkSync(lock)
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

// A lock file that cannot be parsed (the disk was full, the power failed) counts as nobody's.
function readHolder(lock: string): LockHolder | null {
  try {
    const holder = JSON.parse(readFileSync(lock, 'utf8')) as Partial<LockHolder>
    return typeof holder.pid === 'number' ? { pid: holder.pid, start: String(holder.start) } : null
  } catch {
    return null
  }
}

function isAlive(holder: LockHolder): boolean {
  const start = processStart(holder.pid)
  return start !== null && (holder.start === '' || start === holder.start)
}

// The file is moved aside first and read again: between our read and our move another server may have taken the lock over.
function removeStale(lock: string, stale: LockHolder | null): void {
  const aside = `${lock}.${randomBytes(6).toString('hex')}`
  try {
    renameSync(lock, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const moved = readHolder(aside)
  if (moved && (moved.pid !== stale?.pid || moved.start !== stale.start)) linked(aside, lock)
  unlinkSync(aside)
}
