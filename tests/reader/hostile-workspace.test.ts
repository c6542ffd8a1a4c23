// Workspace files that are written to keep a server busy, and files at the stated limits: read in the reading process, taken
// or refused with their place, and what comes after them is read as ever.

import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { createWorkspaceReader } from '../../server/src/app/workspace/workspace-reader.ts'
import { Fault } from '../../server/src/core/fault.ts'
import { WORKSPACE_LIMITS as LIMITS } from '../../server/src/workspace/limits.ts'

// However slow this machine is: that nobody waits too long is tested elsewhere.
const slow = {
  restTimes: 0,
  waitMs: 600_000,
  startMs: 300_000,
  niceness: 0,
  patience: 1000,
  patienceOfOthers: 1000,
}
const reader = createWorkspaceReader({ ...slow, waiting: { all: 100, each: 100 } })
/** Time enough for a file that is taken, on a machine that does other things too. */
const patient = createWorkspaceReader({ ...slow, timeMs: 120_000 })
after(async () => {
  await reader.stop()
  await patient.stop()
})

const repeat = (count: number, one: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => one(i)).join('')
const tenant = (rest: string) => `tenants: [{ id: a, name: A, domains: [a.example], ${rest} }]`
const ORDINARY = tenant('users: [{ upn: x@a.example, name: X }]')

const HOSTILE: { readonly [what: string]: string } = {
  '40,000 keys': repeat(40_000, i => `k${i}: 1\n`),
  '40,000 times the same key': repeat(40_000, () => 'k: 1\n'),
  '100 aliases of a large list': `x: &x [${'1,'.repeat(9000)}]\ny: [${'*x,'.repeat(100)}]`,
  '100 aliases of a list of users': `u: &u [${repeat(900, i => `{upn: u${i}@a.example, name: U},`)}]\n${tenant(
    `users: *u, groups: [${repeat(99, i => `{name: g${i}, members: *u},`)}]`,
  )}`,
  'aliases of aliases': `a0: &a0 [x]\n${repeat(12, i => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]\n`)}`,
  '100,000 open brackets': '['.repeat(100_000),
  '100,000 nested blocks': repeat(1000, i => `${' '.repeat(i)}a:\n`),
  '100,000 anchors': repeat(100_000, i => `- &a${i} x\n`).slice(0, 999_000),
  'a long line of colons': `a: ${': '.repeat(400_000)}`,
  'a key of a million characters': `${'k'.repeat(999_000)}: 1`,
  'a domain of a million characters': tenant('x: 1').replace('a.example', `a${'-a'.repeat(490_000)}!`),
  'a recipient of a million parentheses': tenant(`users: [{ upn: "a@${'('.repeat(900_000)}", name: X }]`),
  'braces of a million characters': tenant(
    `apps: [{name: s}], triggers: [{app: s, key: k}], automations: [{name: n, app: s, trigger: k, actions: [{mail: {to: "${'{{'.repeat(
      240,
    )}", subject: s, text: "${'{{ '.repeat(16_000)}"}}]}]`,
  ),
  'members that nobody is, of a thousand near names': tenant(
    `users: [${repeat(9000, i => `{upn: user${i}@a.example, name: U},`)}], groups: [{name: g, members: [${repeat(
      20_000,
      i => `usr${i}@a.example,`,
    )}]}]`,
  ),
  'quotes that do not end': `a: "${'\\n'.repeat(400_000)}`,
  'a flood of unknown tags': repeat(50_000, () => '- !x y\n'),
}

for (const [what, text] of Object.entries(HOSTILE)) {
  test(`${what}: refused, and the next file is read`, async () => {
    // Both are asked for at once: the second waits behind the first.
    const [hostile, ordinary] = await Promise.allSettled([
      reader.read('workspace', { text, variables: {} }, 'mallory'),
      reader.read('workspace', { text: ORDINARY, variables: {} }, 'alice'),
    ])
    assert.equal(hostile.status, 'rejected')
    const { reason } = hostile
    assert.ok(reason instanceof Fault, String(reason))
    assert.ok(
      ['INVALID_WORKSPACE', 'READING_TOO_LONG', 'READING_TOO_LARGE'].includes(reason.code),
      reason.code,
    )
    assert.equal(reason.status, 400)
    assert.ok(JSON.stringify(reason.data).length < 200_000, 'an answer of a size that can be shown')
    assert.equal(ordinary.status, 'fulfilled', String(ordinary.status === 'rejected' && ordinary.reason))
    assert.equal(ordinary.value[0]?.people.persons[0]?.upn, 'x@a.example')
  })
}

const users = (count: number) => `users: [${repeat(count, i => `{upn: u${i}@a.example, name: U},`)}]`

const LIMITED: {
  readonly [what in Exclude<keyof typeof LIMITS, 'characters' | 'depth'>]: (count: number) => string
} = {
  values: count => `${tenant('sandbox: true')}\nx: [${'1,'.repeat(count - 9)}]`,
  aliases: count =>
    `${tenant(`users: [{upn: &u u@a.example, name: U}], groups: [{name: g, members: [${'*u,'.repeat(count)}]}]`)}`,
  tenants: count => `tenants: [${repeat(count, i => `{id: t${i}, name: T, domains: []},`)}]`,
  users: count => tenant(users(count)),
  groups: count => tenant(`groups: [${repeat(count, i => `{name: g${i}},`)}]`),
  members: count => tenant(`${users(1)}, groups: [{name: g, members: [${'u0@a.example,'.repeat(count)}]}]`),
  apps: count => tenant(`apps: [${repeat(count, i => `{name: a${i}},`)}]`),
  sites: count => tenant(`apps: [{name: a, sites: [${repeat(count, i => `{name: s${i}},`)}]}]`),
  calendars: count =>
    tenant(`${users(count)}, calendars: [${repeat(count, i => `{user: u${i}@a.example},`)}]`),
}

for (const [what, file] of Object.entries(LIMITED)) {
  const most = LIMITS[what as keyof typeof LIMITED]
  test(`a file may have ${most} ${what}, and not one more`, async () => {
    const read = (count: number) => patient.read('workspace', { text: file(count), variables: {} }, 'alice')
    const problem = async (count: number) => {
      try {
        await read(count)
        return null
      } catch (error) {
        assert.ok(error instanceof Fault && error.code === 'INVALID_WORKSPACE', String(error))
        return error.message
      }
    }
    const at = await problem(most)
    // The values of that file stand where nothing may; they are counted before they are looked at.
    if (what === 'values') assert.match(at ?? '', /x is not known here/)
    else assert.equal(at, null)
    assert.match((await problem(most + 1)) ?? '', /too many|more than|holds more/)
  })
}

test('a file may have a million characters, and be nested as deep as it says', async () => {
  const padded = (length: number) => `${ORDINARY}\n#${'x'.repeat(length - ORDINARY.length - 2)}`
  const read = (text: string) => patient.read('workspace', { text, variables: {} }, 'alice')
  assert.equal((await read(padded(LIMITS.characters))).length, 1)
  await assert.rejects(read(padded(LIMITS.characters + 1)), /is longer than 1000000 characters/)
  const deep = (depth: number) => `${ORDINARY}\nx: ${'['.repeat(depth - 2)}1${']'.repeat(depth - 2)}`
  await assert.rejects(read(deep(LIMITS.depth + 1)), /x is not known here/)
  await assert.rejects(read(deep(LIMITS.depth + 2)), /nested too deeply/)
})
