// A file with as many people, apps and sites as one may hold is applied, compared, and taken away again.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WORKSPACE_LIMITS as LIMITS } from '../../server/src/workspace/limits.ts'
import { authServer } from './auth-server.ts'

const repeat = (count: number, one: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => one(i)).join('')

test('a file at the limits is applied in one go, and the same again changes nothing', async () => {
  await using server = await authServer({ DEMO: 'off' })
  const users = repeat(LIMITS.users, i => `{upn: u${i}@big.example, name: U},`)
  const perApp = LIMITS.sites / LIMITS.apps
  const sites = (app: number) => repeat(perApp, i => `{name: s${app * perApp + i}},`)
  const apps = repeat(LIMITS.apps, i => `{name: a${i}, sites: [${sites(i)}]},`)
  const file = (name: string) =>
    `tenants: [{ id: big, name: ${name}, domains: [big.example], users: [${users}], apps: [${apps}] }]`
  const added = await server.apply(file('Big'))
  assert.equal(added.length, 1 + LIMITS.users + LIMITS.apps + LIMITS.sites)
  assert.deepEqual(await server.apply(file('Big')), [])
  assert.deepEqual(await server.apply(file('Bigger')), ['changed tenants.big: name'])
  const last = `u${LIMITS.users - 1}@big.example`
  assert.equal((await server.auth.directory.user('big', last))?.upn, last)
  const gone = await server.apply('tenants: [{ id: big, name: Bigger, domains: [big.example] }]', {
    prune: true,
  })
  assert.equal(gone.length, LIMITS.users + LIMITS.apps + LIMITS.sites)
})
