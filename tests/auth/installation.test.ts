import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { createAuth } from '../../server/src/auth/auth.ts'
import { openInstallation } from '../../server/src/auth/installation.ts'
import { LOOK_AGAIN_MS } from '../../server/src/auth/revision.ts'
import { Fault } from '../../server/src/core/fault.ts'
import { testDatabase } from '../support/database.ts'
import { authServer } from './auth-server.ts'

const make = { now: () => new Date(), random: (bytes: number) => randomBytes(bytes) }
const LOOPBACK = '127.0.0.1'
const config = (demo: 'auto' | 'on' | 'off', host = LOOPBACK) =>
  ({ demo, host, publicUrl: null, trustProxy: false }) as const

describe('an installation', () => {
  it('has the demo by default, on loopback only', async () => {
    await using database = await testDatabase()
    const { db } = database
    for (const host of ['0.0.0.0', '::', '192.168.1.10', 'standdown.example']) {
      for (const demo of ['auto', 'on'] as const) {
        await assert.rejects(openInstallation(db, config(demo, host), make), { code: 'DEMO_NEEDS_LOOPBACK' })
      }
    }
    const first = await openInstallation(db, config('auto'), make)
    assert.equal(first.demo, true)
    const again = await openInstallation(db, config('on', '::1'), make)
    assert.deepEqual([again.id, again.masterKey], [first.id, first.masterKey])
    await assert.rejects(openInstallation(db, config('auto', '0.0.0.0'), make), {
      code: 'DEMO_NEEDS_LOOPBACK',
    })
  })

  it('that others are to reach has no demo, by whatever setting they come', async () => {
    await using database = await testDatabase()
    const { db } = database
    const open = [
      { publicUrl: 'https://standdown.example' },
      { publicUrl: 'http://192.168.1.10:7700' },
      { publicUrl: 'http://127.0.0.1.nip.example' },
      { trustProxy: true },
      { trustProxy: ['loopback'] },
      { publicUrl: 'http://localhost:7700', trustProxy: ['10.0.0.0/8'] },
    ] as const
    for (const settings of open) {
      for (const demo of ['auto', 'on'] as const) {
        await assert.rejects(openInstallation(db, { ...config(demo), ...settings }, make), error => {
          assert.ok(error instanceof Fault)
          assert.equal(error.code, 'DEMO_NEEDS_LOOPBACK')
          assert.match(
            error.message,
            'publicUrl' in settings && !settings.publicUrl.includes('localhost')
              ? /^PUBLIC_URL=/
              : /^TRUST_PROXY/,
          )
          assert.match(error.message, /Set DEMO=off/)
          return true
        })
      }
      const [row] = await db.query<{ n: number }>({
        text: 'select count(*)::int as n from auth.installation',
      })
      assert.equal(row?.n, 0, 'a refused start leaves no trace')
    }
    for (const publicUrl of ['http://127.0.0.1:8080', 'http://localhost', 'http://[::1]:7700'])
      assert.equal((await openInstallation(db, { ...config('auto'), publicUrl }, make)).demo, true)
    await assert.rejects(openInstallation(db, { ...config('auto'), trustProxy: true }, make), {
      code: 'DEMO_NEEDS_LOOPBACK',
    })
    const off = await openInstallation(
      db,
      { ...config('off'), publicUrl: 'https://standdown.example', trustProxy: true },
      make,
    )
    assert.equal(off.demo, false)
  })

  it('that ran without the demo never gets it', async () => {
    await using database = await testDatabase()
    const { db } = database
    assert.equal((await openInstallation(db, config('auto'), make)).demo, true)
    assert.equal((await openInstallation(db, config('off', '0.0.0.0'), make)).demo, false)
    assert.equal((await openInstallation(db, config('auto'), make)).demo, false)
    assert.equal((await openInstallation(db, config('auto', '0.0.0.0'), make)).demo, false)
    await assert.rejects(openInstallation(db, config('on'), make), {
      code: 'DEMO_NOT_HERE',
    })
  })

  it('ends every token, key, session and link of the demo together with it', async () => {
    await using server = await authServer()
    const person = await server.auth.person('contoso', 'alice@contoso.example')
    const { token } = await server.auth.mintToken({ tenant: 'contoso', for: { person: person.id } })
    const { token: appToken } = await server.auth.mintToken({ tenant: 'contoso', for: { app: 'demo-app' } })
    const { token: kept } = await server.auth.mintToken({ tenant: 'fabrikam', for: { app: 'ledger' } })
    const key = await server.auth.mintApiKey('contoso', 'demo-app', 'banner')
    const { cookie } = await server.auth.sessions.signIn(person, { headers: {} })
    const code = (await server.auth.sessions.makeLink(person)).split('=')[1]!
    await openInstallation(server.db, config('off', '0.0.0.0'), make)
    server.auth.revision.expire()
    for (const void_ of [token, appToken])
      await assert.rejects(server.auth.verify(void_), { code: 'TOKEN_REVOKED' })
    await assert.rejects(server.auth.verify(key), { code: 'INVALID_TOKEN' })
    await assert.rejects(server.auth.sessions.useLink(code, { headers: {} }), { code: 'LINK_USED' })
    assert.equal(
      await server.auth.session({ method: 'GET', headers: { cookie: cookie.split(';')[0]! } }),
      null,
    )
    assert.equal((await server.auth.verify(kept)).tenant, 'fabrikam', 'what was not of the demo goes on')
  })

  it('is founded once by two processes that start together', async () => {
    await using database = await testDatabase()
    const open = () => openInstallation(database.db, config('off'), make)
    const [a, b] = await Promise.all([open(), open()])
    assert.equal(a!.id, b!.id)
    assert.deepEqual(a!.masterKey, b!.masterKey)
  })
})

describe('two processes of one installation', () => {
  it("believe each other's tokens, and hear of a revocation within seconds", async () => {
    await using server = await authServer()
    let aheadMs = 0
    const other = await createAuth({
      db: server.db,
      config: { ...config('auto'), oidcIssuer: null, oidcAudience: null },
      now: () => new Date(Date.now() + aheadMs),
      random: make.random,
      publicUrl: () => 'http://127.0.0.1:1',
      ownOrigins: () => new Set<string>(),
    })
    const { token } = await server.auth.mintToken({
      tenant: 'contoso',
      for: { person: 'bob@contoso.example' },
    })
    assert.equal((await other.verify(token)).upn, 'bob@contoso.example')
    await server.auth.revokePerson('contoso', 'bob@contoso.example')
    await assert.rejects(server.auth.verify(token), { code: 'TOKEN_REVOKED' }, 'here at once')
    aheadMs = LOOK_AGAIN_MS
    await assert.rejects(other.verify(token), { code: 'TOKEN_REVOKED' }, 'there when it looks again')
    await other.keys.rotate()
    const { token: next } = await other.mintToken({
      tenant: 'contoso',
      for: { person: 'bob@contoso.example' },
    })
    server.clock.aheadMs += 11_000
    assert.equal((await server.auth.verify(next)).upn, 'bob@contoso.example', 'a new key is looked up')
  })
})
