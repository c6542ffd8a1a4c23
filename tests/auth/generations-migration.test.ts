// A database of an earlier version: the secrets and tokens of apps are the same after the migration, operators' tokens are void.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createAuth } from '../../server/src/auth/auth.ts'
import { deriveSecret } from '../../server/src/auth/tokens/app-secrets.ts'
import { migrate } from '../../server/src/store/migrate.ts'
import { knownMigrations } from '../../server/src/store/migrations.ts'
import { testDatabase } from '../support/database.ts'

const APP = 'a9900000-0000-4000-8000-000000000001'

test('an app keeps its secret and its tokens, and no two generations that are given later are the same', async () => {
  await using database = await testDatabase({ empty: true })
  const { db } = database
  const known = knownMigrations()
  await migrate(
    db,
    known.filter(({ number }) => number < 16),
  )
  await db.query({
    text: `insert into auth.tenant (id, name) values ('contoso', 'Contoso'), ('fabrikam', 'Fabrikam')`,
  })
  await db.query({
    text: `insert into auth.app (id, tenant, name, generation) values ('${APP}', 'contoso', 'till', 7)`,
  })
  await migrate(db)
  const auth = await createAuth({
    db,
    config: {
      demo: 'off',
      host: '127.0.0.1',
      publicUrl: null,
      trustProxy: false,
      oidcIssuer: null,
      oidcAudience: null,
    },
    now: () => new Date(),
    random: bytes => randomBytes(bytes),
    publicUrl: () => 'http://127.0.0.1:1',
    ownOrigins: () => new Set<string>(),
  })
  const app = await auth.app('contoso', 'till')
  assert.deepEqual([app.generation, app.secretGeneration], [7, 7])
  const { masterKey } = auth.installation
  assert.equal(
    (await auth.credentials('contoso', 'till')).clientSecret,
    deriveSecret(masterKey, { id: APP, secretGeneration: 7 }),
  )
  const generations = (await auth.directory.tenants()).map(tenant => tenant.operatorGeneration)
  assert.equal(new Set(generations).size, 2)
  assert.ok(
    generations.every(generation => generation >= 1_000_000),
    'of no token that there was: those had 0',
  )
})
