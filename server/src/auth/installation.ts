// This installation: its id in its own tokens, the master key from which the secrets of apps are derived, and whether it is a demo.

import type { Config } from '../config/config.ts'
import { isLoopback } from '../config/config.ts'
import { makeId, type Random } from '../core/ids.ts'
import type { Database } from '../store/database.ts'
import { authFault } from './faults.ts'
import { sql } from './statements.ts'

export type Installation = {
  readonly id: string
  /** Issuer and audience of the tokens that we sign ourselves. */
  readonly urn: string
  readonly masterKey: Buffer
  readonly demo: boolean
}

export type DemoConfig = Pick<Config, 'demo' | 'host' | 'publicUrl' | 'trustProxy'>

type Row = { id: string; master_key: Buffer; demo: boolean }

/**
 * Reads the installation or makes a new one, and decides about the demo: with DEMO unset it stays what it was; an installation that
 * ever ran without the demo never gets it. @throws Fault DEMO_NEEDS_LOOPBACK, DEMO_NOT_HERE
 */
export async function openInstallation(
  db: Database,
  config: DemoConfig,
  make: { readonly now: () => Date; readonly random: Random },
): Promise<Installation> {
  const before = await read(db)
  if (config.demo === 'on' && before?.demo === false) throw authFault.DEMO_NOT_HERE()
  const demo = config.demo !== 'off' && (before?.demo ?? true)
  // Before anything is written: a refused start leaves no trace.
  const open = demo ? openToOthers(config) : null
  if (open) throw authFault.DEMO_NEEDS_LOOPBACK(open)
  if (before === null) {
    const id = makeId(0, make.now().getTime(), make.random)
    await db.query(sql('open-installation'), [id, Buffer.from(make.random(32)), demo])
  } else if (before.demo && !demo) {
    await endDemo(db)
  }
  const row = (await read(db))!
  // Another process may have made it meanwhile, without the demo.
  if (demo && !row.demo) throw authFault.DEMO_NOT_HERE()
  return { id: row.id, urn: `urn:standdown:${row.id}`, masterKey: row.master_key, demo }
}

/** The setting that makes the server reachable from other machines, and what to set instead; null: there is none. */
function openToOthers({ host, publicUrl, trustProxy }: DemoConfig) {
  if (!isLoopback(host)) return { setting: `HOST=${host}`, instead: 'HOST=127.0.0.1' }
  if (publicUrl !== null && !isLoopback(new URL(publicUrl).hostname))
    return { setting: `PUBLIC_URL=${publicUrl}`, instead: 'leave PUBLIC_URL out' }
  if (trustProxy !== false) return { setting: 'TRUST_PROXY', instead: 'TRUST_PROXY=off' }
  return null
}

/** Makes every token, key and session of the demo void, since with the demo anybody could sign in as anybody. */
async function endDemo(db: Database): Promise<void> {
  const ofTheDemo = [
    'end-demo',
    'renew-demo-persons',
    'renew-demo-apps',
    'renew-demo-operators',
    'drop-demo-keys',
  ] as const
  const everywhere = ['drop-all-sessions', 'drop-all-links', 'drop-all-oidc'] as const
  await db.transaction('auth.end-demo', async tx => {
    for (const statement of [...ofTheDemo, ...everywhere]) await tx.query(sql(statement))
  })
}

async function read(db: Database): Promise<Row | null> {
  return (await db.query<Row>(sql('read-installation')))[0] ?? null
}
