// Functions in the database: each version of the server makes its own, once, and disturbs nobody else's.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { backup } from '../../server/src/backup/backup.ts'
import { restore } from '../../server/src/backup/restore.ts'
import { Engine } from '../../server/src/engine/engine.ts'
import { Database } from '../../server/src/store/database.ts'
import { createFunctions, knownFunctions } from '../../server/src/store/functions.ts'
import { migrate } from '../../server/src/store/migrate.ts'
import { byKey, contextOn, effect, event } from '../engine/engine-parts.ts'
import { testDatabase } from '../support/database.ts'
import { testPostgres } from '../support/postgres.ts'
import { databaseBefore } from './version-before.ts'
import { worldBefore } from './world-before.ts'

/** Each of ours with its identity, which another one of the same name would not have. */
async function functionsOf(
  db: Database,
): Promise<readonly { readonly name: string; readonly oid: number }[]> {
  const rows = await db.query<{ name: string; oid: number }>(
    {
      text: `select n.nspname || '.' || p.proname as name, p.oid::bigint as oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = any ($1) order by 1`,
    },
    [[...new Set(knownFunctions().map(known => known.name.slice(0, known.name.indexOf('.'))))]],
  )
  return rows.map(row => ({ ...row }))
}

const names = () =>
  knownFunctions()
    .map(known => known.name)
    .sort()

async function dropAll(db: Database): Promise<void> {
  for (const name of names()) await db.query({ text: `drop function ${name}` })
}

/** The fast path of a cancel, which is one of the functions, and what it says. */
async function cancelsPlainly(db: Database): Promise<number | false> {
  const { random, carriers, domains } = contextOn(db)
  const engine = new Engine({ db, random })
  engine.register({ carriers: [...carriers.values()], domains: [...domains.values()] })
  await db.transaction('announce', tx =>
    engine.announce(tx, [event('e', [effect('one')], { key: 'of-functions' })]),
  )
  const outcome = await engine.cancel(byKey('of-functions'))
  return 'counts' in outcome && outcome.counts.prevented
}

test('functions are made once: a later start finds them and leaves them', async () => {
  await using own = await testDatabase()
  assert.ok(names().length > 0)
  const before = await functionsOf(own.db)
  assert.deepEqual(
    before.map(row => row.name),
    names(),
  )
  await migrate(own.db)
  assert.deepEqual(await functionsOf(own.db), before)
})

test('functions of two versions stand beside each other, each as it was', async () => {
  await using own = await testDatabase()
  const before = await functionsOf(own.db)
  const version = (hash: string, answer: number) => ({
    name: `engine.answer_${hash}`,
    create: `create function engine.answer_${hash}() returns int language sql as 'select ${answer}'`,
  })
  const client = await own.db.connect()
  try {
    await createFunctions(client, [version('0a', 1)])
    await createFunctions(client, [version('0b', 2)])
    // The older one starts again.
    await createFunctions(client, [version('0a', 3)])
  } finally {
    await client.end()
  }
  assert.deepEqual(await own.db.query({ text: 'select engine.answer_0a() as a, engine.answer_0b() as b' }), [
    { a: 1, b: 2 },
  ])
  await migrate(own.db)
  assert.deepEqual(
    (await functionsOf(own.db)).filter(row => !row.name.includes('answer')),
    before,
  )
})

test('many servers that start at once make each function once', async () => {
  await using own = await testDatabase()
  await dropAll(own.db)
  await Promise.all(Array.from({ length: 8 }, () => migrate(own.db)))
  assert.deepEqual(
    (await functionsOf(own.db)).map(row => row.name),
    names(),
  )
  assert.equal(await cancelsPlainly(own.db), 1)
})

test('a backup has none; a restored database gets them at its next start', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'standdown-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  await using source = await testDatabase()
  await using target = await testDatabase({ empty: true })
  const file = join(folder, 'standdown.backup')
  await backup(source.db, file, { now: () => new Date() })
  await restore(target.db, file, { restored: async () => {} })
  assert.deepEqual(await functionsOf(target.db), [])
  assert.deepEqual(await migrate(target.db), [])
  assert.equal(await cancelsPlainly(target.db), 1)
})

test('an ordinary role that owns the database needs no more rights: from nothing, and from the version before', async () => {
  const server = await testPostgres()
  const role = `owner_${randomBytes(6).toString('hex')}`
  const admin = new Database(server)
  try {
    await admin.query({ text: `create role ${role} login` })
    for (const before of [false, true]) {
      await using own = before ? await databaseBefore() : await testDatabase({ empty: true })
      if (before) {
        await worldBefore(own.db)
        await own.db.query({ text: GIVE_ALL.replaceAll('{role}', role) })
      }
      await own.db.query({ text: `alter database ${own.name} owner to ${role}` })
      const db = new Database({ ...own.options, user: role })
      try {
        await migrate(db)
        assert.equal(await cancelsPlainly(db), 1)
        const [who] = await db.query<{ super: boolean }>({
          text: 'select rolsuper as super from pg_roles where rolname = current_user',
        })
        assert.deepEqual({ ...who }, { super: false })
      } finally {
        await db.close()
      }
    }
    await admin.query({ text: `drop role ${role}` })
  } finally {
    await admin.close()
  }
})

/** All that is there belongs to the role, as if it had made it. */
const GIVE_ALL = `do $do$ declare one record; begin
  for one in select format('alter schema %I owner to {role}', nspname) as say from pg_namespace where nspname !~ '^(pg_|information_schema|public)'
    union all select format('alter %s %s owner to {role}', case relkind when 'S' then 'sequence' else 'table' end, oid::regclass)
      from pg_class c where relkind in ('r', 'S') and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i') and relkind = 'S')
  loop execute one.say; end loop;
end $do$`
