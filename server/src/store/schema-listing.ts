// The schema as text, read from PostgreSQL's own catalogue, the same on every version: docs/schema.txt is this listing
// of a migrated database. A test compares the two, and rewrites the file when it is asked to (tests/store/schema-listing.test.ts).

import type { QueryResultRow } from 'pg'
import type { Queries } from './database.ts'
import { knownMigrations, schemasOf } from './migrations.ts'
import { statements } from './statements.ts'

const sql = statements(import.meta.url)

type Named = QueryResultRow & { readonly schema: string; readonly definition: string }
type OfRelation = Named & { readonly relation: string }
type Constraint = OfRelation & { readonly name: string }
type Column = QueryResultRow & {
  readonly schema: string
  readonly relation: string
  readonly kind: 'r' | 'p' | 'v' | 'm'
  readonly persistence: 'p' | 'u' | 't'
  readonly options: string
  /** Null for a table without columns. */
  readonly name: string | null
  readonly type: string
  readonly required: boolean
  readonly identity: '' | 'a' | 'd'
  readonly generated: '' | 's' | 'v'
  readonly expression: string | null
}
type Sequence = QueryResultRow & {
  readonly schema: string
  readonly name: string
  readonly type: string
  readonly start: number
  readonly increment: number
  readonly cache: number
  readonly cycle: boolean
}

/**
 * Lists these PostgreSQL schemas, by default all of ours: one fact per line, sorted by code points. A view is listed
 * by its columns, not by its query, whose text differs between versions of PostgreSQL.
 */
export async function listSchema(
  db: Queries,
  schemas: readonly string[] = schemasOf(knownMigrations()),
): Promise<string> {
  const found = await db.query<{ schema: string }>(sql('listing-schemas'), [schemas])
  const columns = await db.query<Column>(sql('listing-columns'), [schemas])
  const constraints = await db.query<Constraint>(sql('listing-constraints'), [schemas])
  const indexes = await db.query<OfRelation>(sql('listing-indexes'), [schemas])
  const sequences = await db.query<Sequence>(sql('listing-sequences'), [schemas])
  const routines = await db.query<Named>(sql('listing-routines'), [schemas])
  const triggers = await db.query<OfRelation>(sql('listing-triggers'), [schemas])
  const types = await db.query<Named & { name: string }>(sql('listing-types'), [schemas])

  const lines: string[] = []
  for (const { schema } of found) {
    const here = <Row extends { schema: string }>(rows: readonly Row[]) =>
      rows.filter(row => row.schema === schema)
    lines.push(`schema ${schema}`, '')
    for (const sequence of here(sequences)) lines.push(sequenceLine(sequence))
    for (const type of here(types)) lines.push(`type ${schema}.${type.name} ${type.definition}`)
    if (lines.at(-1) !== '') lines.push('')
    for (const [relation, own] of Map.groupBy(here(columns), column => column.relation)) {
      const ofIt = <Row extends { schema: string; relation: string }>(rows: readonly Row[]) =>
        here(rows).filter(row => row.relation === relation)
      lines.push(relationLine(own[0] as Column))
      for (const column of own) if (column.name !== null) lines.push(`  ${columnLine(column)}`)
      for (const constraint of ofIt(constraints)) {
        lines.push(`  constraint ${constraint.name} ${constraint.definition}`)
      }
      for (const index of ofIt(indexes)) lines.push(`  ${index.definition}`)
      for (const trigger of ofIt(triggers)) lines.push(`  ${trigger.definition}`)
      lines.push('')
    }
    for (const routine of here(routines)) lines.push(routine.definition.trimEnd(), '')
  }
  return lines.join('\n')
}

const KINDS = { r: 'table', p: 'partitioned table', v: 'view', m: 'materialized view' } as const

function relationLine(column: Column): string {
  const unlogged = column.persistence === 'u' ? 'unlogged ' : ''
  const options = column.options ? ` with (${column.options})` : ''
  return `${unlogged}${KINDS[column.kind]} ${column.schema}.${column.relation}${options}`
}

function columnLine(column: Column): string {
  const words = [column.name, column.type]
  if (column.required) words.push('not null')
  if (column.identity)
    words.push(`generated ${column.identity === 'a' ? 'always' : 'by default'} as identity`)
  if (column.generated) words.push(`generated always as (${column.expression}) stored`)
  else if (column.expression) words.push(`default ${column.expression}`)
  return words.join(' ')
}

function sequenceLine(sequence: Sequence): string {
  const { schema, name, type, start, increment, cache, cycle } = sequence
  const end = cycle ? ' cycle' : ''
  return `sequence ${schema}.${name} ${type} start ${start} increment ${increment} cache ${cache}${end}`
}
