// SQL lives in .sql files, one statement each, in a folder sql/ beside the code that runs it. The name that PostgreSQL
// sees (and prepares under) is room.file: engine.start, calendar.insert-meeting.

import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A statement with its name; spread into pg's query config, so it is prepared once per connection. */
export type Statement = { readonly name?: string; readonly text: string }

/** Loads every sql/*.sql beside `moduleUrl`; asking for one that is not there throws at once. */
export function statements(moduleUrl: string): (name: string) => Statement {
  const room = dirname(fileURLToPath(moduleUrl))
  const folder = join(room, 'sql')
  const loaded = new Map<string, Statement>()
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.sql')) continue
    const name = basename(file, '.sql')
    loaded.set(name, { name: `${basename(room)}.${name}`, text: readFileSync(join(folder, file), 'utf8') })
  }
  return name => {
    const statement = loaded.get(name)
    if (!statement) throw new Error(`no statement ${name}.sql in ${folder}`)
    return statement
  }
}
