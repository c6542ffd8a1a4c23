// The command line: finds the command, reads its arguments, runs it, and turns whatever goes wrong into a
// sentence and an exit code. It talks HTTP to a server. This room must not open the database: the commands
// that work on it get it from main.ts.

import type { CliIo } from './cli-io.ts'
import { type Command, helpOf, readInput } from './command.ts'
import { appCommand } from './commands/app.ts'
import { applyCommand } from './commands/apply.ts'
import { cancelCommand } from './commands/cancel.ts'
import { clockCommand } from './commands/clock.ts'
import { demoCommand } from './commands/demo.ts'
import { envCommand } from './commands/env.ts'
import { eventCommand } from './commands/event.ts'
import { eventsCommand } from './commands/events.ts'
import { holdCommand, releaseCommand } from './commands/hold.ts'
import { keysCommand } from './commands/keys.ts'
import { backupCommand, doctorCommand, restoreCommand, startCommand } from './commands/local.ts'
import { mailCommand } from './commands/mail.ts'
import { receiptCommand } from './commands/receipt.ts'
import { retryCommand } from './commands/retry.ts'
import { revokeCommand } from './commands/revoke.ts'
import { statusCommand } from './commands/status.ts'
import { tokenCommand } from './commands/token.ts'
import { webhookSecretCommand } from './commands/webhook-secret.ts'
import { CommandEnd, EXIT } from './exit.ts'
import { printable, widest } from './terminal.ts'

export const COMMANDS: readonly Command[] = [
  startCommand,
  demoCommand,
  tokenCommand,
  appCommand,
  revokeCommand,
  keysCommand,
  applyCommand,
  cancelCommand,
  receiptCommand,
  eventsCommand,
  eventCommand,
  mailCommand,
  webhookSecretCommand,
  clockCommand,
  envCommand,
  statusCommand,
  retryCommand,
  doctorCommand,
  backupCommand,
  restoreCommand,
  holdCommand,
  releaseCommand,
]

/** Runs `./standdown …args` and returns its exit code: 0 done, 1 refused or failed, 2 wrong usage, 3 no server, 4 nothing matched. */
export async function runCli(args: readonly string[], outside: CliIo): Promise<number> {
  const io = printable(outside)
  const [name = 'help', ...rest] = args
  if (name === 'help' || name === '--help' || name === '-h') {
    const named = COMMANDS.find(command => command.name === rest[0])
    io.stdout(named ? helpOf(named) : overview())
    return EXIT.ok
  }
  if (name === '--version' || name === '-v') {
    io.stdout(`${io.version}\n`)
    return EXIT.ok
  }
  const command = COMMANDS.find(candidate => candidate.name === name)
  if (!command) {
    io.stderr(`standdown: there is no command ${name}.\n\n${overview()}`)
    return EXIT.usage
  }
  try {
    const input = readInput(command, rest, io)
    if (input.flags.help === true) {
      io.stdout(helpOf(command))
      return EXIT.ok
    }
    return await command.run(input)
  } catch (error) {
    if (error instanceof CommandEnd) {
      io.stderr(`standdown: ${error.message}\n`)
      return error.code
    }
    io.stderr(`standdown: ${error instanceof Error ? error.message : String(error)}\n`)
    return EXIT.failed
  }
}

function overview(): string {
  const width = widest(COMMANDS.map(command => command.name))
  const rows = COMMANDS.map(command => `  ${command.name.padEnd(width)}  ${command.summary}`)
  return `Standdown: cancel once, and everything that hangs from it stands down.

Usage: ./standdown COMMAND [--help], or ./standdown --version

${rows.join('\n')}

It talks to the server that runs here; STANDDOWN_URL and STANDDOWN_TOKEN name another one.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 no server answers, 4 a cancel matched nothing.
`
}
