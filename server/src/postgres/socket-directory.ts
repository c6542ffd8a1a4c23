// A short, private directory for PostgreSQL's socket. Short, because the path of a socket has room for 103 bytes on
// macOS and 107 on Linux, and DATA_DIR may be deep; private, because nobody else needs it.

import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeFault } from '../store/faults.ts'
import { canEnter, type PostgresUser } from './postgres-user.ts'

const LONGEST_PATH_BYTES = 103
const SOCKET = '/.s.PGSQL.5432'

type SocketDirectory = { readonly path: string; remove(): void }

/** Throws POSTGRES_FAILED where no temporary directory is suitable. */
export function makeSocketDirectory(
  user: PostgresUser,
  folders = [tmpdir(), '/tmp', '/var/tmp'],
): SocketDirectory {
  const reasons: string[] = []
  for (const folder of folders) {
    try {
      const path = mkdtempSync(join(folder, 'standdown-'))
      const remove = (): void => rmSync(path, { recursive: true, force: true })
      chmodSync(path, 0o700)
      if (user.ids) chownSync(path, user.ids.uid, user.ids.gid)
      if (Buffer.byteLength(path + SOCKET) <= LONGEST_PATH_BYTES && canEnter(user, path))
        return { path, remove }
      remove()
      reasons.push(`${folder}: too long, or not open to user ${user.name}`)
    } catch (error) {
      reasons.push(`${folder}: ${(error as Error).message}`)
    }
  }
  throw storeFault.POSTGRES_FAILED({ reason: `no place for its socket\n${reasons.join('\n')}` })
}
