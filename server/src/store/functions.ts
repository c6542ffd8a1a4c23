// Functions live in <room>/sql/functions/*.sql, one each, beside the code that calls them. In the database a function's name
// ends with a hash of its text: servers of two versions run beside each other, each with its own, and none is ever replaced.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import { statements } from './statements.ts'

const sql = statements(import.meta.url)
const ROOMS = fileURLToPath(new URL('../', import.meta.url))

export type SqlFunction = {
  /** As it is called: `engine.cancel_plain_0123456789ab`. */
  readonly name: string
  /** The statement that makes it. */
  readonly create: string
}

/** The functions that this version calls. */
export function knownFunctions(): readonly SqlFunction[] {
  return readdirSync(ROOMS)
    .filter(room => existsSync(folderOf(room)))
    .flatMap(room =>
      readdirSync(folderOf(room))
        .sort()
        .map(file => readFunction(room, file)),
    )
}

/** What a room calls its function by. Throws when there is no such file. */
export function functionName(room: string, name: string): string {
  return readFunction(room, `${name}.sql`).name
}

/** Makes those that are missing, in the caller's session, which holds the lock of migrations. */
export async function createFunctions(
  client: pg.ClientBase,
  functions: readonly SqlFunction[] = knownFunctions(),
): Promise<void> {
  for (const { name, create } of functions) {
    const { rows } = await client.query<{ there: boolean }>({ ...sql('function-exists'), values: [name] })
    if (rows[0]?.there !== true) await client.query(create)
  }
}

function folderOf(room: string): string {
  return join(ROOMS, room, 'sql', 'functions')
}

function readFunction(room: string, file: string): SqlFunction {
  const text = readFileSync(join(folderOf(room), file), 'utf8')
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12)
  const name = `${room}.${basename(file, '.sql')}_${hash}`
  return { name, create: text.replace('{name}', name) }
}
