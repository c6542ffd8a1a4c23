// How a command ends when it cannot do its work. Scripts rely on the exit codes (docs/cli.md).

export const EXIT = {
  ok: 0,
  /** The request was refused, something was not found, or something failed. */
  failed: 1,
  /** The command line itself was wrong. */
  usage: 2,
  /** No server answered. */
  unreachable: 3,
  /** A cancel, or its preview: nothing matched. */
  nothing: 4,
} as const

/** Ends the command: `message` goes to standard error, and says what to do. */
export class CommandEnd extends Error {
  override readonly name = 'CommandEnd'
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export function usage(message: string): CommandEnd {
  return new CommandEnd(EXIT.usage, message)
}
