// The schema's history: the files migrations/NNNN-name.sql, and which PostgreSQL schemas they make.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One file of the folder migrations/. */
export type Migration = {
  readonly number: number
  /** Without number and ending: `engine`. */
  readonly name: string
  readonly sql: string
  /** SHA-256 of the file, hex. */
  readonly checksum: string
}

const FOLDER = fileURLToPath(new URL('migrations/', import.meta.url))

/** The migrations that this version knows, by number. Throws when two have the same number, or a file name is malformed. */
export function knownMigrations(folder: string = FOLDER): readonly Migration[] {
  const migrations = readdirSync(folder)
    .filter(file => file.endsWith('.sql'))
    .sort()
    .map(file => {
      const parts = /^(\d{4})-([a-z0-9-]+)\.sql$/.exec(file)
      if (!parts?.[1] || !parts[2]) throw new Error(`not a migration's name: ${join(folder, file)}`)
      const sql = readFileSync(join(folder, file), 'utf8')
      const checksum = createHash('sha256').update(sql).digest('hex')
      return { number: Number(parts[1]), name: parts[2], sql, checksum }
    })
  for (const [index, migration] of migrations.entries()) {
    if (migrations[index - 1]?.number === migration.number) {
      throw new Error(`two migrations have number ${migration.number} in ${folder}`)
    }
  }
  return migrations
}

/** The PostgreSQL schemas that these migrations create, sorted. In a database that others use too, these are ours. */
export function schemasOf(migrations: readonly Migration[]): readonly string[] {
  const names = migrations.flatMap(({ sql }) =>
    [...sql.matchAll(/^\s*create schema (?:if not exists )?"?([a-z_]+)"?/gim)].map(match => match[1] ?? ''),
  )
  return [...new Set(names)].sort()
}
