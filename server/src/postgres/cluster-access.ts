// Who is let in by the embedded PostgreSQL: whoever knows the password (embedded-password.ts), by its socket, and nobody else.
// A cluster of an earlier version, which trusted whoever reached the socket, is made so at its next start.

import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { passwordMark } from './embedded-password.ts'
import { type Cluster, DATABASE, runProgram } from './postgres-cluster.ts'
import { settingArguments } from './postgres-settings.ts'
import { writeWhole } from './whole-file.ts'

/** Of RFC 7677, and PostgreSQL's own. */
const ITERATIONS = 4096

/** Leaves it asking for the password. The cluster must be free: nothing may run in it. */
export function requirePassword(cluster: Cluster, password: string): void {
  const rules = join(cluster.directory, 'pg_hba.conf')
  const wanted = rulesFor(password)
  if (readRules(rules) === wanted) return
  // First the role, then the rules that say it is done: should this end in between, it is done again. PostgreSQL is told what
  // it keeps of a password anyway, not the password.
  const verifier = scramVerifier(password, randomBytes(16))
  runProgram(cluster, cluster.directory, {
    program: 'postgres',
    args: place => ['--single', '-D', place, ...settingArguments(''), 'postgres'],
    input: `alter role ${DATABASE} password '${verifier}'\n`,
  })
  writeWhole(rules, wanted, cluster.user.ids)
}

function readRules(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** pg_hba.conf. The mark tells whether the role has this password or another one, of before the file of it was lost. */
function rulesFor(password: string): string {
  return `# Written by Standdown at its start. Password ${passwordMark(password)}.\nlocal all all scram-sha-256\n`
}

/** What PostgreSQL keeps of a password (RFC 5802): enough to know it, not enough to sign in by. */
export function scramVerifier(password: string, salt: Buffer): string {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256')
  const keyed = (what: string) => createHmac('sha256', salted).update(what).digest()
  const stored = createHash('sha256').update(keyed('Client Key')).digest('base64')
  const server = keyed('Server Key').toString('base64')
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored}:${server}`
}
