// What a cancel of a large tree would do: the first page of it, over HTTP. An API that knows no pages gives all at once.

import { Database } from '../../server/src/store/database.ts'
import { tokenFor } from '../reports.ts'
import { analyze } from '../seed.ts'
import { type Served, startServer } from '../served.ts'
import type { Size } from '../size.ts'
import { newEngine, noop } from '../stand.ts'
import { atMost, type Row, spread } from '../table.ts'
import { growTree, SHAPES, type Shape } from '../tree-shapes.ts'

export async function previewRows({ runs, tree }: Pick<Size, 'runs' | 'tree'>): Promise<Row[]> {
  await using server = await startServer()
  const token = await tokenFor(server, { tenant: 'contoso', operator: true })
  const db = new Database({ ...server.file.database, statementTimeoutMs: 0 })
  const engine = newEngine(db, [noop()])
  const rows: Row[] = []
  for (const shape of SHAPES) {
    const { rootId } = await growTree(db, engine, shape.levels(tree), { tenant: 'contoso' })
    await analyze(db)
    const pages: Page[] = []
    for (let run = 0; run < runs; run++) pages.push(await firstPage(server, token, rootId))
    rows.push(previewRow(shape, tree, pages))
  }
  await db.close()
  return rows
}

type Page = { readonly seconds: number; readonly status: number }

function previewRow(shape: Shape, tree: number, pages: readonly Page[]): Row {
  const ours = spread(
    pages.map(({ seconds }) => seconds),
    's',
  )
  const refused = pages.find(({ status }) => status !== 200)
  const { text, value, goal } = atMost('s, worst', ours.max, 1)
  return {
    id: `preview-${shape.id}`,
    what: `first page of a preview: ${shape.what(tree)}`,
    ours,
    peer: null,
    // However soon it came, a refusal is no page.
    figures: [{ text, value, goal: { text: goal!.text, met: goal!.met && !refused } }],
    ...(refused ? { note: `answered ${refused.status}` } : {}),
  }
}

async function firstPage({ file }: Served, token: string, eventId: string): Promise<Page> {
  const begun = performance.now()
  const response = await fetch(`${file.url}/api/v1/previews`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ eventId }),
  })
  await response.text()
  return { seconds: (performance.now() - begun) / 1000, status: response.status }
}
