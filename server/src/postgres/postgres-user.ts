// Which user the embedded PostgreSQL runs as: the one that runs the server, but never root, which PostgreSQL refuses.
// As root it is an unprivileged user that exists on the machine; none is ever created.

import { spawnSync } from 'node:child_process'
import { storeFault } from '../store/faults.ts'
import { userName } from './data-directory.ts'

export type PostgresUser = {
  readonly name: string
  /** Set only when it is another one than the server's, for spawn. */
  readonly ids?: { readonly uid: number; readonly gid: number }
}

/** Throws POSTGRES_NEEDS_USER_NAME where PostgreSQL could not name its user. */
export function postgresUser(): PostgresUser {
  if (process.getuid?.() !== 0) {
    const name = userName()
    if (name.startsWith('uid '))
      throw storeFault.POSTGRES_NEEDS_USER_NAME({ uid: process.getuid?.() ?? null })
    return { name }
  }
  for (const name of ['standdown', 'nobody']) {
    const uid = idOf(name, '-u')
    const gid = idOf(name, '-g')
    if (uid !== null && gid !== null && uid !== 0) return { name, ids: { uid, gid } }
  }
  throw storeFault.POSTGRES_NEEDS_USER_NAME({ uid: 0 })
}

function idOf(name: string, which: '-u' | '-g'): number | null {
  const id = spawnSync('id', [which, name], { encoding: 'utf8' })
  // macOS prints nobody as -2; spawn wants it unsigned.
  return id.status === 0 && /^-?\d+\s*$/.test(id.stdout) ? Number(id.stdout) >>> 0 : null
}

/** True when that user can read and enter the directory, by that very path. */
export function canEnter(user: PostgresUser, directory: string): boolean {
  const test = 'test -d "$1" && test -r "$1" && test -x "$1"'
  return spawnSync('/bin/sh', ['-c', test, 'sh', directory], { ...user.ids, cwd: '/', env: {} }).status === 0
}
