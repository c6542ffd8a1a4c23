// What the command line touches, as arguments: a test runs it without a process of its own.

export type CliIo = {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** For what must not be changed on its way into a file (a raw mail); run-cli.ts provides it. */
  readonly exact?: (text: string) => void
  readonly env: { readonly [name: string]: string | undefined }
  /** Absolute; what relative files and the default DATA_DIR are relative to. */
  readonly cwd: string
  /** True when standard output is a terminal: colours and progress. */
  readonly isTerminal: boolean
  /** Columns of the terminal. */
  readonly columns: number
  /** Asks a person; null where there is none to ask. */
  readonly confirm: ((question: string) => Promise<boolean>) | null
  readonly local: LocalCommands
  /** Of this checkout. */
  readonly version: string
}

/** The commands that open the database themselves; main passes them. Each returns an exit code. */
export type LocalCommands = {
  start(io: CliIo): Promise<number>
  /** `checks` in the order in which they matter. */
  doctor(io: CliIo): Promise<readonly DoctorCheck[]>
  /** Writes everything into one file. Returns what was written. */
  backup(io: CliIo, file: string): Promise<{ readonly bytes: number; readonly rows: number }>
  /** Into an empty database, which is on hold then. `createdAt`: of the backup, ISO 8601. */
  restore(io: CliIo, file: string): Promise<{ readonly tables: number; readonly createdAt: string }>
  /** Puts the database on hold; false: it was before. */
  hold(io: CliIo, options: { readonly reason: string | null; readonly pause: boolean }): Promise<boolean>
}

export type DoctorCheck = {
  readonly name: string
  readonly is: 'ok' | 'warning' | 'broken'
  readonly detail: string
  /** What to do about it. */
  readonly advice?: string
}
