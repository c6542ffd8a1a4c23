// A batch is sent as one array per column, for `unnest`. These functions build the arrays.

/** The literal of a PostgreSQL array of texts, for columns that are arrays themselves: unnest would flatten them. */
export function arrayLiteral(items: readonly string[]): string {
  return `{${items.map(item => `"${item.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`
}

/** One array per column from rows: `columns(rows, row => [row.a, row.b])` gives [[a…], [b…]]. */
export function columns<Row>(
  rows: readonly Row[],
  width: number,
  of: (row: Row) => readonly unknown[],
): unknown[][] {
  const out: unknown[][] = Array.from({ length: width }, () => [])
  for (const row of rows) {
    const values = of(row)
    for (let i = 0; i < width; i++) out[i]!.push(values[i])
  }
  return out
}
