// SQL functions are in files sql/functions/*.sql below a room, one function each, beside the code that calls them. In the database the
// name of a function ends with a hash of its text. So servers of two versions can run at the same time, each with its own functions,
// and no function is ever replaced.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import { statements } from './statements.ts'

const sql = statements(import.meta.url)
const ROOMS = fileURLToPath(new URL('../', import.meta.url))

type SqlFunction = {
  /** The name by which it is called: `engine.cancel_plain_0123456789ab`. */
  readonly name: string
  /** The statement that makes it. */
  readonly create: string
}

/** The functions that this version calls. */
export function knownFunctions(): readonly SqlFunction[] {
  return functionFiles().map(readFunction)
}

/** The full name of a room's function. Throws when there is no such file. */
export function functionName(room: string, name: string): string {
  const file = functionFiles().find(path => roomOf(path) === room && basename(path) === `${name}.sql`)
  if (file === undefined) throw new Error(`no function ${name}.sql below ${join(ROOMS, room)}`)
  return readFunction(file).name
}

/** Creates the missing functions, in the caller's session, which holds the lock of migrations. */
export async function createFunctions(
  client: pg.ClientBase,
  functions: readonly SqlFunction[] = knownFunctions(),
): Promise<void> {
  for (const { name, create } of functions) {
    const { rows } = await client.query<{ there: boolean }>({ ...sql('function-exists'), values: [name] })
    if (rows[0]?.there !== true) await client.query(create)
  }
}

/** Paths relative to the folder of the rooms. */
function functionFiles(): readonly string[] {
  return readdirSync(ROOMS, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.sql') && dirname(path).endsWith(join('sql', 'functions')))
    .sort()
}

function roomOf(path: string): string {
  return path.slice(0, path.indexOf(sep))
}

function readFunction(path: string): SqlFunction {
  const text = readFileSync(join(ROOMS, path), 'utf8')
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12)
  const name = `${roomOf(path)}.${basename(path, '.sql')}_${hash}`
  return { name, create: text.replace('{name}', name) }
}
