// The password of the embedded PostgreSQL: 256 random bits in DATA_DIR/database-password, which only the server's user can
// read. Nobody types it, and it is nowhere else: not in PostgreSQL's arguments or environment, not in a backup.

import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { writeWhole } from './whole-file.ts'

const PASSWORD = /^[\w-]{43}$/

/** Reads the password. Makes a new one when there is none, or the file is damaged. The caller must hold the data directory's lock. */
export function embeddedPassword(dataDir: string): string {
  const file = passwordFile(dataDir)
  const found = readEmbeddedPassword(dataDir)
  if (found !== null) {
    if (statSync(file).mode & 0o077) chmodSync(file, 0o600)
    return found
  }
  const password = randomBytes(32).toString('base64url')
  writeWhole(file, `${password}\n`)
  return password
}

/** Null when there is none. */
export function readEmbeddedPassword(dataDir: string): string | null {
  try {
    const text = readFileSync(passwordFile(dataDir), 'utf8').trim()
    return PASSWORD.test(text) ? text : null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** A mark by which two passwords can be told apart, and which reveals nothing of a random password. */
export function passwordMark(password: string): string {
  return createHash('sha256').update(password).digest('hex').slice(0, 16)
}

function passwordFile(dataDir: string): string {
  return join(dataDir, 'database-password')
}
