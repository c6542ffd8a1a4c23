// What PostgreSQL plans for a statement of the engine, as a list of nodes.

import { sql } from '../../server/src/engine/statements.ts'
import type { Queries } from '../../server/src/store/database.ts'

export const LARGE = new Set([
  'event',
  'alias',
  'effect',
  'ended',
  'cancellation',
  'receipt_item',
  'receipt_event',
  'request_key',
  'start_batch',
])

export type Node = {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  'Scan Direction'?: string
  'Parent Relationship'?: string
  'Actual Loops'?: number
  'Actual Rows'?: number
  'Rows Removed by Filter'?: number
  Plans?: Node[]
}

export function nodes(plan: Node): Node[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)]
}

export function literal(value: unknown): string {
  if (value === null) return 'null'
  const text = Array.isArray(value)
    ? `{${value.map(v => (v === null ? 'null' : JSON.stringify(String(v)))).join(',')}}`
    : String(value)
  return `'${text.replaceAll("'", "''")}'`
}

export async function plan(on: Queries, name: string, values: readonly unknown[]): Promise<Node[]> {
  await on.query({ text: `prepare p as ${sql(name).text}` })
  const [row] = await on.query<{ 'QUERY PLAN': [{ Plan: Node }] }>({
    text: `explain (format json) execute p${values.length > 0 ? `(${values.map(literal).join(', ')})` : ''}`,
  })
  await on.query({ text: 'deallocate p' })
  return nodes(row!['QUERY PLAN'][0].Plan)
}

/** A scan of a large table that is not told what to look for. */
export function isWalk(node: Node): boolean {
  return (
    /Scan/.test(node['Node Type']) &&
    node['Node Type'] !== 'Bitmap Heap Scan' &&
    // By the place of a row that was found before: what it is told stands elsewhere in the plan.
    node['Node Type'] !== 'Tid Scan' &&
    LARGE.has(node['Relation Name'] ?? '') &&
    node['Index Cond'] === undefined
  )
}
