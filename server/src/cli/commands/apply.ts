import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { WorkspaceChange, WorkspaceView } from '@standdown/wire/src/operations.ts'
import type { Command } from '../command.ts'
import { CommandEnd, EXIT } from '../exit.ts'
import { ServerClient } from '../server-client.ts'
import { json, palette, plain } from '../terminal.ts'

export const applyCommand: Command = {
  name: 'apply',
  summary: 'Make the workspace be what a file says: shows the differences, then applies them.',
  usage: 'FILE [--dry-run] [--yes]',
  options: {
    'dry-run': { type: 'boolean', help: 'only show the differences' },
    prune: { type: 'boolean', help: 'remove what the file leaves out, instead of refusing it' },
    yes: { type: 'boolean', short: 'y', help: 'do not ask' },
    json: { type: 'boolean', help: 'the differences as JSON' },
  },
  words: [1, 1],
  notes: 'Applying the same file twice changes nothing. Where nobody can be asked (no terminal), it applies.',
  async run({ io, words, flags }) {
    const file = resolve(io.cwd, words[0]!)
    const workspace = await readFile(file, 'utf8').catch((error: Error) => {
      throw new CommandEnd(EXIT.failed, `${words[0]} cannot be read: ${error.message}`)
    })
    const client = await ServerClient.find(io)
    const path = '/api/v1/workspace'
    const prune = flags.prune === true
    const planned = await client.json<WorkspaceView>(path, { body: { workspace, prune, apply: false } })
    if (flags.json !== true) for (const change of planned.changes) io.stdout(line(change, palette(io)))
    const nothing = planned.changes.length === 0
    if (flags['dry-run'] === true || nothing) {
      if (flags.json === true) io.stdout(json(planned))
      else
        io.stdout(
          nothing
            ? 'Nothing to change.\n'
            : `${counted(planned.changes)}. Nothing was changed (--dry-run).\n`,
        )
      return EXIT.ok
    }
    if (flags.yes !== true && io.confirm && !(await io.confirm(`Apply ${counted(planned.changes)}?`))) {
      io.stderr('Nothing was changed.\n')
      return EXIT.failed
    }
    const applied = await client.json<WorkspaceView>(path, { body: { workspace, prune, apply: true } })
    io.stdout(flags.json === true ? json(applied) : `Applied ${counted(applied.changes)}.\n`)
    return EXIT.ok
  },
}

function line(change: WorkspaceChange, paint: ReturnType<typeof palette>): string {
  const marks = { added: paint.green('+'), changed: paint.yellow('~'), removed: paint.red('-') }
  const detail = change.detail === undefined ? '' : `  ${paint.dim(plain(change.detail))}`
  return `${marks[change.is]} ${plain(change.at)}${detail}\n`
}

function counted(changes: readonly WorkspaceChange[]): string {
  return changes.length === 1 ? '1 change' : `${changes.length} changes`
}
