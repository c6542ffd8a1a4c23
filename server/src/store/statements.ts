// SQL is in .sql files, one statement each, in a folder sql/ beside the code that runs it. The name that PostgreSQL
// sees (and prepares under) is room.file: engine.start, calendar.insert-meeting.

import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOMS = fileURLToPath(new URL('../', import.meta.url))

/** A statement with its name; spread into pg's query config, so it is prepared once per connection. */
export type Statement = { readonly name?: string; readonly text: string }

/** Loads every sql/*.sql beside `moduleUrl` and in the folders below; an unknown name throws at once. */
export function statements(moduleUrl: string): (name: string) => Statement {
  const folder = dirname(fileURLToPath(moduleUrl))
  const [room = ''] = relative(ROOMS, folder).split(sep)
  const loaded = new Map<string, Statement>()
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.sql') || basename(dirname(file)) !== 'sql') continue
    const name = basename(file, '.sql')
    if (loaded.has(name)) throw new Error(`two statements of ${room} are called ${name}`)
    loaded.set(name, { name: `${room}.${name}`, text: readFileSync(join(folder, file), 'utf8') })
  }
  return name => {
    const statement = loaded.get(name)
    if (!statement) throw new Error(`no statement ${name}.sql in ${folder}${sep}sql or below`)
    return statement
  }
}
