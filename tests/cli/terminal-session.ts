// The command line in this process: what it printed, and its exit code.

import type { CliIo, DoctorCheck, LocalCommands } from '../../server/src/cli/cli-io.ts'
import { runCli } from '../../server/src/cli/run-cli.ts'

export type Ran = { readonly code: number; readonly out: string; readonly err: string }

export type Session = { readonly calls: string[]; run(...args: string[]): Promise<Ran> }

export type SessionOptions = {
  readonly env?: CliIo['env']
  readonly cwd?: string
  readonly isTerminal?: boolean
  readonly confirm?: CliIo['confirm']
  readonly checks?: readonly DoctorCheck[]
}

export function session(options: SessionOptions = {}): Session {
  const calls: string[] = []
  const local: LocalCommands = {
    start: async () => {
      calls.push('start')
      return 0
    },
    doctor: async () => options.checks ?? [],
    backup: async (_io, file) => {
      calls.push(`backup ${file}`)
      return { bytes: 10, rows: 2 }
    },
    restore: async (_io, file) => {
      calls.push(`restore ${file}`)
      return { tables: 2, createdAt: '2026-03-01T12:00:00.000Z' }
    },
    hold: async (_io, { reason, pause }) => {
      calls.push(`hold ${reason} ${pause}`)
      return calls.length === 1
    },
  }
  return {
    calls,
    async run(...args) {
      let out = ''
      let err = ''
      const code = await runCli(args, {
        stdout: text => {
          out += text
        },
        stderr: text => {
          err += text
        },
        env: options.env ?? {},
        cwd: options.cwd ?? '/nowhere',
        isTerminal: options.isTerminal ?? false,
        columns: 100,
        confirm: options.confirm ?? null,
        local,
        version: '1.2.3',
      })
      return { code, out, err }
    },
  }
}
