import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { CancelledOf } from '@standdown/wire/src/hold.ts'
import type {
  WorkspaceChange,
  WorkspaceMistake,
  WorkspaceMistakes,
  WorkspaceRequest,
  WorkspaceView,
} from '@standdown/wire/src/operations.ts'
import type { Command, CommandInput } from '../command.ts'
import { CommandEnd, EXIT, usage } from '../exit.ts'
import { refused, ServerClient } from '../server-client.ts'
import { json, oneLine, palette, plain } from '../terminal.ts'

export const applyCommand: Command = {
  name: 'apply',
  summary: 'Make the workspace be what a file says: shows the differences, then applies them.',
  usage: 'FILE [--dry-run] [--prune] [--cancel-pending | --keep-pending] [--yes]',
  options: {
    'dry-run': { type: 'boolean', help: 'only show the differences' },
    prune: { type: 'boolean', help: 'remove what the file leaves out, instead of refusing it' },
    'cancel-pending': { type: 'boolean', help: 'call off what is pending of what goes, with receipts' },
    'keep-pending': { type: 'boolean', help: 'let it happen; an operator can still cancel it' },
    yes: { type: 'boolean', short: 'y', help: 'do not ask' },
    json: { type: 'boolean', help: 'the differences as JSON' },
  },
  words: [1, 1],
  notes: `Applying the same file twice changes nothing. Where nobody can be asked (no terminal), it applies. Where work is pending of what
goes (an app, a site, an automation), it asks for --cancel-pending or --keep-pending.`,
  async run({ io, words, flags }) {
    if (flags['cancel-pending'] === true && flags['keep-pending'] === true)
      throw usage('Give --cancel-pending or --keep-pending, not both.')
    const file = resolve(io.cwd, words[0]!)
    const workspace = await readFile(file, 'utf8').catch((error: Error) => {
      throw new CommandEnd(EXIT.failed, `${words[0]} cannot be read: ${error.message}`)
    })
    const client = await ServerClient.find(io)
    const pending = pendingOf(flags)
    const prune = flags.prune === true
    const ask = async (apply: boolean) =>
      await sent(client, words[0]!, { workspace, prune, apply, ...(apply ? pending : {}) })
    const planned = await ask(false)
    if (flags.json !== true) for (const change of planned.changes) io.stdout(changeLine(change, palette(io)))
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
    const receipts: CancelledOf[] = []
    let applied: WorkspaceView
    do {
      applied = await ask(true)
      for (const receipt of applied.receipts) receipts.push(receipt)
      if (flags.json !== true) for (const receipt of applied.receipts) io.stdout(receiptLine(receipt))
      // It also ends when a call cancels nothing. Otherwise it could go on for ever, if events are announced faster than they are cancelled.
    } while (!applied.applied && applied.receipts.length > 0)
    if (flags.json === true) io.stdout(json({ ...applied, receipts }))
    else if (applied.applied) io.stdout(`Applied ${counted(applied.changes)}.\n`)
    if (!applied.applied) io.stderr('Nothing was applied: more is announced than was called off.\n')
    return applied.applied ? EXIT.ok : EXIT.failed
  },
}

function pendingOf(flags: CommandInput['flags']): { readonly pending?: 'cancel' | 'keep' } {
  if (flags['cancel-pending'] === true) return { pending: 'cancel' }
  return flags['keep-pending'] === true ? { pending: 'keep' } : {}
}

function receiptLine({ receipt, prevented, total }: CancelledOf): string {
  return `${receipt}  ${prevented} of ${total} prevented\n`
}

/** @throws CommandEnd with a line for each mistake of the file */
async function sent(client: ServerClient, name: string, body: WorkspaceRequest): Promise<WorkspaceView> {
  const answer = await client.call('/api/v1/workspace', { body })
  if (answer.status < 400) return JSON.parse(answer.body) as WorkspaceView
  const mistakes = mistakesIn(answer.body)
  if (mistakes === null) throw refused(answer)
  const { errors, more } = mistakes
  const lines = errors.map(mistake => mistakeLine(name, mistake))
  if (more > 0) lines.push(`… and ${more} more.`)
  const count = errors.length + more
  const end = `${count === 1 ? 'One mistake' : `${count} mistakes`} in ${name}. Nothing was changed.`
  throw new CommandEnd(EXIT.failed, [end, ...lines].join('\n'))
}

function mistakesIn(body: string): WorkspaceMistakes | null {
  try {
    const problem = JSON.parse(body) as Partial<WorkspaceMistakes> & { code?: unknown }
    const { code, errors, more = 0 } = problem
    return code === 'INVALID_WORKSPACE' && Array.isArray(errors) ? { errors, more } : null
  } catch {
    return null
  }
}

/** `file:line:column: …`, the form of compilers, which editors understand. */
function mistakeLine(
  name: string,
  { at, message, accepted, tenant, line: lineNumber, column }: WorkspaceMistake,
): string {
  const position = [name, ...(lineNumber === null ? [] : [lineNumber, column])].join(':')
  const whose = tenant === null ? '' : `tenant ${tenant}, `
  const where = at === '' ? '' : `${whose}${at} `
  return oneLine(`${position}: ${where}${message}${accepted === undefined ? '' : ` (accepted: ${accepted})`}`)
}

function changeLine(change: WorkspaceChange, paint: ReturnType<typeof palette>): string {
  const marks = { added: paint.green('+'), changed: paint.yellow('~'), removed: paint.red('-') }
  const detail = change.detail === undefined ? '' : `  ${paint.dim(plain(change.detail))}`
  return `${marks[change.is]} ${plain(change.at)}${detail}\n`
}

function counted(changes: readonly WorkspaceChange[]): string {
  return changes.length === 1 ? '1 change' : `${changes.length} changes`
}
