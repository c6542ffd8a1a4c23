// A server of its own process, for tests that kill it: runs the embedded PostgreSQL and tells on standard output, one
// JSON a line, what happened. Ends when its standard input does. Argument: JSON of EmbeddedOptions; `onInterrupt`: also
// queries and then stops at SIGINT, as a server does that finishes its work first; `writers`: so many write rows into table
// written without a pause, and tell the number of each that was committed.

import { type EmbeddedOptions, startEmbedded } from '../../server/src/postgres/embedded.ts'
import { Database } from '../../server/src/store/database.ts'

const {
  onInterrupt,
  writers = 0,
  ...options
} = JSON.parse(process.argv[2] ?? '') as EmbeddedOptions & { onInterrupt?: boolean; writers?: number }

function tell(fact: object): void {
  process.stdout.write(`${JSON.stringify(fact)}\n`)
}

try {
  const postgres = await startEmbedded({ ...options, log: line => tell({ log: line }) })
  if (onInterrupt) {
    process.on('SIGINT', async () => {
      const db = new Database(postgres.options)
      tell({ interrupted: await db.query({ text: 'select 1 as one' }) })
      await db.close()
      await postgres.stop()
      tell({ stopped: true })
      process.exit(0)
    })
  }
  tell({ ready: { options: postgres.options, pid: postgres.pid } })
  const db = new Database(postgres.options)
  if (writers > 0)
    await db.query({
      text: 'create table if not exists written (number int generated always as identity primary key, ballast text)',
    })
  for (let writer = 0; writer < writers; writer++) void write(db)
  process.stdin.resume().on('end', async () => {
    await postgres.stop()
    tell({ stopped: true })
  })
} catch (error) {
  const { code, message, stack } = error as NodeJS.ErrnoException
  tell({ fault: code ?? stack, message })
  process.exitCode = 1
  process.stdin.destroy()
}

/** The first error, when its database is gone, is its end. */
async function write(db: Database): Promise<void> {
  const text = `insert into written (ballast) values (repeat('x', 2000)) returning number`
  try {
    for (;;) tell({ wrote: (await db.query<{ number: number }>({ text }))[0]?.number })
  } catch {}
}
