// Finds the process that listens on a TCP port, so that the error can name it instead of saying EADDRINUSE.

import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { promisify } from 'node:util'

export type PortHolder = { readonly pid: number; readonly command: string }

const LISTEN = '0A'
const MAX_COMMAND = 200

/** The process that listens on `port`; null when this user cannot see it. Never throws. */
export async function portHolder(port: number): Promise<PortHolder | null> {
  return (await fromProc(port).catch(() => null)) ?? (await fromLsof(port).catch(() => null))
}

/** An error for people: which process uses the port, and what to do. `setting` is the variable for another port. */
export async function portInUse(port: number, setting: 'PORT' | 'TLS_PORT', cause?: unknown): Promise<Error> {
  const holder = await portHolder(port)
  const who = holder
    ? `It is held by process ${holder.pid} (${holder.command}).`
    : 'Which process holds it cannot be seen from here (it may belong to another user).'
  const what = holder
    ? `Stop it (kill ${holder.pid}), or choose another port: ${setting}=${port + 1000 > 65_535 ? 0 : port + 1000}`
    : `Choose another port: ${setting}=${port + 1000 > 65_535 ? 0 : port + 1000}`
  return Object.assign(new Error(`Port ${port} is in use. ${who}\n${what}`, { cause }), {
    name: 'PortInUse',
    port,
    holder,
  })
}

/** Linux: reads the socket's inode from /proc/net/tcp, then finds the process that has it open. */
async function fromProc(port: number): Promise<PortHolder | null> {
  const inodes = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(() => '')
    for (const row of text.split('\n').slice(1)) {
      const fields = row.trim().split(/\s+/)
      const local = fields[1]?.split(':')[1]
      if (fields[3] === LISTEN && local !== undefined && Number.parseInt(local, 16) === port)
        inodes.add(`socket:[${fields[9]}]`)
    }
  }
  if (inodes.size === 0) return null
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
    for (const file of files) {
      const target = await readlink(`/proc/${pid}/fd/${file}`).catch(() => '')
      if (!inodes.has(target)) continue
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      return { pid: Number(pid), command: shown(command.replaceAll('\0', ' ')) }
    }
  }
  return null
}

/** Other systems (macOS): reads lsof's machine-readable output, `p<pid>` and `c<command>` lines. */
async function fromLsof(port: number): Promise<PortHolder | null> {
  const { stdout } = await promisify(execFile)('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], {
    timeout: 3000,
  })
  const pid = /^p(\d+)$/m.exec(stdout)?.[1]
  const command = /^c(.+)$/m.exec(stdout)?.[1]
  return pid === undefined ? null : { pid: Number(pid), command: shown(command ?? 'unknown') }
}

/** For a terminal: without control characters, and cut. */
function shown(command: string): string {
  const clean = command.replace(/[\x00-\x1f\x7f-\x9f]/g, ' ').trim()
  return clean.length > MAX_COMMAND ? `${clean.slice(0, MAX_COMMAND)}…` : clean || 'unknown'
}
