// A server of its own process, for tests that kill it: runs the embedded PostgreSQL and tells on standard output, one
// JSON a line, what happened. Ends when its standard input does. Argument: JSON of EmbeddedOptions; `onInterrupt`: also
// queries and then stops at SIGINT, as a server does that finishes its work first.

import { Database } from '../../server/src/store/database.ts'
import { type EmbeddedOptions, startEmbedded } from '../../server/src/store/embedded.ts'

const { onInterrupt, ...options } = JSON.parse(process.argv[2] ?? '') as EmbeddedOptions & {
  onInterrupt?: boolean
}

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
