// A small private file, written whole or not at all.

import { randomBytes } from 'node:crypto'
import { closeSync, fchownSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'

/** Mode 600, and on the disk before it has its name. `owner`: whose it is to be, when not this process's user's. */
export function writeWhole(
  file: string,
  text: string,
  owner?: { readonly uid: number; readonly gid: number },
): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  // Exclusive: in a directory that is another user's it follows no link.
  const fd = openSync(draft, 'wx', 0o600)
  try {
    if (owner) fchownSync(fd, owner.uid, owner.gid)
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
