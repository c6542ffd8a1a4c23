// Writes a small private file whole or not at all.

import { randomBytes } from 'node:crypto'
import { closeSync, fchownSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'

/** Mode 600, and flushed to the disk before it gets its name. `fileOwner`: its owner, when it is not this process's user. */
export function writeWhole(
  file: string,
  text: string,
  fileOwner?: { readonly uid: number; readonly gid: number },
): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  // Exclusive, so that it follows no link in a directory of another user.
  const fd = openSync(draft, 'wx', 0o600)
  try {
    if (fileOwner) fchownSync(fd, fileOwner.uid, fileOwner.gid)
    writeSync(fd, text)
    fsyncSync(fd)
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
}
