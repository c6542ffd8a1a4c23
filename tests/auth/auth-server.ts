// A server with nothing but this room in it: HTTP, auth, its routes, and one route that says who called.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyRequest } from 'fastify'
import { metricsReaders } from '../../server/src/apis/operations/metrics-readers.ts'
import { mintRoutes } from '../../server/src/apis/operations/mint-routes.ts'
import { recordRefusedCredentials } from '../../server/src/apis/sign-in/refused-credentials.ts'
import { tokenRoutes } from '../../server/src/apis/sign-in/sign-in.ts'
import { readWorkspaceFile } from '../../server/src/app/workspace/read-workspace-file.ts'
import { type Auth, createAuth } from '../../server/src/auth/auth.ts'
import { applyPeople } from '../../server/src/auth/people/apply-people.ts'
import { SecurityLog } from '../../server/src/auth/security-log.ts'
import { readConfig } from '../../server/src/config/config.ts'
import type { Principal } from '../../server/src/core/principal.ts'
import { securityLines } from '../../server/src/http/log.ts'
import { loadMetrics } from '../../server/src/http/metrics.ts'
import { createHttp, type Http } from '../../server/src/http/server.ts'
import type { Database } from '../../server/src/store/database.ts'
import { testDatabase } from '../support/database.ts'

export const ALICE = 'a11ce000-0000-4000-8000-000000000001'
export const DEMO_APP = 'de300a99-0000-4000-8000-000000000006'
export const DEMO_SITE = '517e0000-0000-4000-8000-000000000007'
export const DEMO_INSTANCE = '1257a9ce-0000-4000-8000-000000000008'
export const DEMO_FILE = new URL('../../examples/workspace.yaml', import.meta.url)

/** A second tenant, with people and an app of its own. */
export const FABRIKAM = `
tenants:
  - id: fabrikam
    name: Fabrikam
    domains: [fabrikam.example]
    users:
      - { upn: erin@fabrikam.example, name: Erin Eriksen, roles: [admin] }
    apps:
      - name: ledger
        clientId: 1ed9e400-0000-4000-8000-000000000001
        scopes: [SCOPE.DC.MANAGE-YOUR-APP]
        sites: [{ name: Shop, instanceId: 1ed9e400-0000-4000-8000-000000000002, siteId: 1ed9e400-0000-4000-8000-000000000003 }]
`

export type AuthServer = {
  readonly db: Database
  readonly http: Http
  readonly auth: Auth
  readonly url: string
  /** Lines that were logged, at level debug. */
  readonly log: readonly string[]
  /** The clock of auth can be moved on. */
  readonly clock: { aheadMs: number }
  apply(text: string, options?: { prune?: boolean; demo?: boolean }): Promise<readonly string[]>
  /** GET /whoami with these headers. */
  whoami(headers: Record<string, string>): Promise<{ status: number; body: Record<string, unknown> }>
  [Symbol.asyncDispose](): Promise<void>
}

export async function authServer(env: Record<string, string> = {}): Promise<AuthServer> {
  const database = await testDatabase()
  const dataDir = mkdtempSync(join(tmpdir(), 'standdown-auth-'))
  const config = readConfig(
    { PORT: '0', TLS_PORT: 'off', DATA_DIR: dataDir, LOG_LEVEL: 'debug', ...env },
    process.cwd(),
  )
  const log: string[] = []
  const clock = { aheadMs: 0 }
  const now = () => new Date(Date.now() + clock.aheadMs)
  const random = (bytes: number) => randomBytes(bytes)
  const http = createHttp({
    metrics: await loadMetrics(),
    config,
    now,
    mayReadMetrics: async request => metricsReaders(auth)(request),
    logStream: { write: line => void log.push(line) },
    demo: () => auth.demo,
  })
  const securityLog = new SecurityLog({ write: securityLines(http.app.log, config.logLevel), now })
  recordRefusedCredentials(http.app, securityLog)
  const auth = await createAuth({
    db: database.db,
    config,
    now,
    random,
    publicUrl: () => (listening ? http.publicUrl() : config.publicUrl),
    ownOrigins: () => http.ownOrigins(),
    securityLog,
  })
  let listening = false
  await http.app.register(tokenRoutes({ auth, openApi: http.openApi }))
  await http.app.register(mintRoutes(auth), { prefix: '/api/v1' })
  const shown = (principal: Principal) => ({
    ...principal,
    scopes: [...principal.scopes],
    roles: [...principal.roles],
  })
  http.app.get('/whoami', async request =>
    shown(await auth.authenticate(request.headers.authorization, { scheme: 'bearer' })),
  )
  http.app.get('/wix-whoami', async request => {
    const siteId = request.headers['wix-site-id'] as string | undefined
    return shown(await auth.authenticate(request.headers.authorization, { scheme: 'raw', siteId }))
  })
  const bySession = async (request: FastifyRequest) => {
    const principal = await auth.session(request)
    return principal ? shown(principal) : { nobody: true }
  }
  http.app.get('/session', bySession)
  http.app.post('/session', bySession)
  await http.listen()
  listening = true
  const server: AuthServer = {
    db: database.db,
    http,
    auth,
    url: http.publicUrl(),
    log,
    clock,
    async apply(text, { prune = false, demo } = {}) {
      const tenants = readWorkspaceFile({ text, variables: { PUBLIC_URL: http.publicUrl() } })
      const changes = await database.db.transaction('test.apply', async tx => {
        const all = []
        for (const { people: wanted } of tenants) {
          const applied = await applyPeople(
            tx,
            { wanted, apply: true, prune, ...(demo === undefined ? {} : { demo }) },
            { revision: auth.revision, random },
          )
          all.push(...applied.changes)
        }
        return all
      })
      return changes.map(change => `${change.is} ${change.at}${change.detail ? `: ${change.detail}` : ''}`)
    },
    async whoami(headers) {
      const answer = await fetch(`${http.publicUrl()}/whoami`, { headers })
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
    },
    async [Symbol.asyncDispose]() {
      await http.close(0)
      await database[Symbol.asyncDispose]()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
  await server.apply(readFileSync(DEMO_FILE, 'utf8'), { demo: auth.demo })
  await server.apply(FABRIKAM)
  return server
}
