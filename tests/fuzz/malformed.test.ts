// Malformed requests to every route of every API, made from the documents that the server publishes: each is answered in its
// API's own shape and in time, none by 5xx, and none does half of what it asked for. `npm run fuzz` makes as many as one wants.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz } from './fuzz.ts'

/** FUZZ_COUNT and FUZZ_SEED choose others. */
const COUNT = Number(process.env.FUZZ_COUNT ?? 15_000)
const SEED = Number(process.env.FUZZ_SEED ?? 1)

test(`${COUNT} malformed requests are refused well, or taken whole (seed ${SEED})`, async t => {
  const { faults, statuses, taken, operations, slowestMs } = await fuzz({ seed: SEED, count: COUNT })
  for (const { number, what, request, answer } of faults.slice(0, 20))
    t.diagnostic(
      `${what}; again: npm run fuzz -- --seed ${SEED} --only ${number}\n${request}\n-- answer\n${answer}`,
    )
  assert.deepEqual(
    faults.map(({ number, what }) => `${number}: ${what}`),
    [],
  )
  t.diagnostic(
    `by status: ${[...statuses].map(each => each.join(' ')).join(', ')}; ${Math.round(slowestMs)} ms`,
  )
  // Who only meets the first refusal tries nothing: a good part is taken, of nearly every operation.
  const share = (least: number, most: number) =>
    [...statuses]
      .filter(([status]) => status >= least && status < most)
      .reduce((sum, [, count]) => sum + count, 0) / COUNT
  assert.ok(share(200, 300) > 0.1, `taken: ${share(200, 300)}`)
  assert.ok(share(400, 500) > 0.3, `refused: ${share(400, 500)}`)
  if (COUNT < 10_000) return
  const untaken = operations
    .filter(({ method, path }) => !path.startsWith('/v1.0/') && !taken.has(`${method} ${path}`))
    .map(({ method, path }) => `${method} ${path}`)
  assert.deepEqual(
    untaken.filter(operation => !NEVER_TAKEN.has(operation)),
    [],
    'operations of which no request was taken',
  )
})

/** What is taken seldom or never here, and why. */
const NEVER_TAKEN: ReadonlySet<string> = new Set([
  // For codes and tokens of an app's sign-in, which takes a person: tests/auth/oidc.test.ts.
  'GET /oidc/auth',
  'POST /oidc/auth',
  'POST /oidc/token',
  'POST /oidc/request',
  'GET /oidc/me',
  'POST /oidc/me',
  'GET /oidc/interaction/{id}',
  // By a form of a page of ours: tests/auth/browser-sessions.test.ts.
  'POST /signin',
  // For what was restored: tests/operations/hold.test.ts.
  'POST /api/v1/hold/release',
  // Each makes somebody's tokens void, so they are tried seldom.
  'POST /oauth/access',
  'POST /api/v1/apps/{name}/renew',
  'POST /api/v1/apps/{name}/revoke-tokens',
  'POST /api/v1/users/{user}/revoke-tokens',
  'POST /api/v1/operators/revoke-tokens',
  'POST /api/v1/keys/rotate',
  'POST /api/v1/webhook-secrets/{ref}/rotate',
  // An offer is answered once.
  'POST /api/v1/notifications/offers/{id}/accept',
  'POST /api/v1/notifications/offers/{id}/reject',
])
