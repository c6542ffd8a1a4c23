// Everything outside that the command line uses, handed in as one value. So a test can run it without a process of its own.

export type CliIo = {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** Writes bytes that must not be changed on their way into a file (a raw mail). run-cli.ts provides it. */
  readonly exact?: (text: string) => void
  readonly env: { readonly [name: string]: string | undefined }
  /** An absolute path. Relative file names and the default DATA_DIR begin here. */
  readonly cwd: string
  /** Standard output is a terminal, so colours and progress are shown. */
  readonly isTerminal: boolean
  /** Columns of the terminal. */
  readonly columns: number
  /** Asks the person at the terminal; null: there is nobody to ask. */
  readonly confirm: ((question: string) => Promise<boolean>) | null
  readonly local: LocalCommands
  /** The version of this checkout. */
  readonly version: string
}

/** The commands that open the database themselves; main passes them. Each returns an exit code. */
export type LocalCommands = {
  start(io: CliIo): Promise<number>
  /** `checks` in the order in which they matter. */
  doctor(io: CliIo): Promise<readonly DoctorCheck[]>
  /** Writes the whole database into one file. Returns what was written. */
  backup(io: CliIo, file: string): Promise<{ readonly bytes: number; readonly rows: number }>
  /** Restores a backup into an empty database, which is on hold afterwards. `createdAt`: when the backup was made, ISO 8601. */
  restore(io: CliIo, file: string): Promise<{ readonly tables: number; readonly createdAt: string }>
  /** Puts the database on hold; false: it was on hold already. */
  hold(io: CliIo, options: { readonly reason: string | null; readonly pause: boolean }): Promise<boolean>
}

export type DoctorCheck = {
  readonly name: string
  readonly is: 'ok' | 'warning' | 'broken'
  readonly detail: string
  /** What to do about it. */
  readonly advice?: string
}
