// The access rules of the embedded PostgreSQL: only whoever knows the password (embedded-password.ts) may connect, by the socket.
// A cluster of an earlier version, which trusted everybody who reached the socket, gets these rules at its next start.

import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { passwordMark } from './embedded-password.ts'
import { type Cluster, DATABASE, runProgram } from './postgres-cluster.ts'
import { settingArguments } from './postgres-settings.ts'
import { writeWhole } from './whole-file.ts'

/** As in RFC 7677, and PostgreSQL's default. */
const ITERATIONS = 4096

/** Makes the cluster ask for the password. No PostgreSQL may run on the cluster meanwhile. */
export function requirePassword(cluster: Cluster, password: string): void {
  const rules = join(cluster.directory, 'pg_hba.conf')
  const wanted = rulesFor(password)
  if (readRules(rules) === wanted) return
  // First the role, then the rules, which also mark that both are done: if the process ends in between, both are done again. PostgreSQL
  // gets the verifier that it stores of a password, not the password itself.
  const verifier = scramVerifier(password, randomBytes(16))
  runProgram(cluster, cluster.directory, {
    program: 'postgres',
    args: directory => ['--single', '-D', directory, ...settingArguments(''), 'postgres'],
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

/** pg_hba.conf. The mark shows whether the role has this password, or an older one whose file was lost. */
function rulesFor(password: string): string {
  return `# Written by Standdown at its start. Password ${passwordMark(password)}.\nlocal all all scram-sha-256\n`
}

/** What PostgreSQL stores of a password (RFC 5802): enough to check it, not enough to sign in with. */
function scramVerifier(password: string, salt: Buffer): string {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256')
  const keyed = (what: string) => createHmac('sha256', salted).update(what).digest()
  const stored = createHash('sha256').update(keyed('Client Key')).digest('base64')
  const server = keyed('Server Key').toString('base64')
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored}:${server}`
}
