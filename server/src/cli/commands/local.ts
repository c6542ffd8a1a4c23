// The commands that open the database themselves, because no server may be running.

import { resolve } from 'node:path'
import type { Command } from '../command.ts'
import { EXIT } from '../exit.ts'
import { when } from '../receipt-text.ts'
import { json, palette, widest } from '../terminal.ts'

export const startCommand: Command = {
  name: 'start',
  summary: 'Run the server, in the foreground (the same as npm start).',
  usage: '',
  options: {},
  words: [0, 0],
  notes: 'Settings come from the environment: PORT, DATA_DIR, DATABASE_URL … (README.md has the table).',
  run: ({ io }) => io.local.start(io),
}

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Look for what would keep the server from running well.',
  usage: '[--json]',
  options: { json: { type: 'boolean', help: 'the checks as JSON' } },
  words: [0, 0],
  notes: 'Exit code 1 when something is broken; a warning is not.',
  async run({ io, flags }) {
    const checks = await io.local.doctor(io)
    const code = checks.some(check => check.is === 'broken') ? EXIT.failed : EXIT.ok
    if (flags.json === true) {
      io.stdout(json(checks))
      return code
    }
    const paint = palette(io)
    const marks = {
      ok: paint.green('ok     '),
      warning: paint.yellow('warning'),
      broken: paint.red('broken '),
    }
    const width = widest(checks.map(check => check.name))
    for (const check of checks) {
      io.stdout(`${marks[check.is]}  ${check.name.padEnd(width)}  ${check.detail}\n`)
      if (check.advice !== undefined) io.stdout(`${' '.repeat(width + 11)}${check.advice}\n`)
    }
    return code
  },
}

export const backupCommand: Command = {
  name: 'backup',
  summary: 'Write everything that the server knows into one file.',
  usage: 'FILE',
  options: {},
  words: [1, 1],
  notes: 'It holds secrets (keys, tokens, mail): keep it like a password. The server may run meanwhile.',
  async run({ io, words }) {
    const { bytes, rows } = await io.local.backup(io, resolve(io.cwd, words[0]!))
    io.stdout(`${rows} rows, ${bytes} bytes in ${words[0]}\n`)
    return EXIT.ok
  },
}

export const restoreCommand: Command = {
  name: 'restore',
  summary: 'Fill an empty database from a backup.',
  usage: 'FILE',
  options: {},
  words: [1, 1],
  notes: `The server must not be running, and its DATA_DIR (or DATABASE_URL) must hold nothing yet. The restored server is on hold: nothing is
sent before ./standdown release. See that no other server runs on the data that was backed up.`,
  async run({ io, words }) {
    const { tables, createdAt } = await io.local.restore(io, resolve(io.cwd, words[0]!))
    io.stdout(`${tables} tables restored from ${words[0]}, as they were ${when(createdAt)}.
It is on hold: it starts, takes announcements and cancels, and does nothing else before you have looked:
  ./standdown release --list      what is overdue since the backup, and what is in doubt
  ./standdown release --all       lets it happen; --help for a part of it, and for calling it off\n`)
    return EXIT.ok
  },
}
