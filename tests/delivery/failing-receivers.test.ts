// Who only fails is warned of once, and once it is over that is said: by one process or by several, over the time of the test.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import {
  FailingReceivers,
  type HealthChange,
  MAX_PER_TENANT,
  merged,
  type Observation,
  observed,
  type Receiver,
} from '../../server/src/delivery/failing-receivers.ts'
import { healthOf as healthOfMail } from '../../server/src/delivery/mail/server-health.ts'
import { healthOf } from '../../server/src/delivery/webhook/receiver-health.ts'
import { testDatabase } from '../support/database.ts'

const MINUTE = 60_000
const START = Date.parse('2026-03-01T09:00:00Z')
const HOOK: Receiver = { tenant: 'contoso', kind: 'webhook', receiver: 'hooks.example:443' }
const SMTP: Receiver = { tenant: '', kind: 'mail', receiver: 'smtp.example:587' }
const works = { works: true } as const
const fails = (error = 'refused') => ({ works: false, error }) as const

async function world(processes = 1) {
  const database = await testDatabase()
  let now = START
  const said: string[] = []
  const make = () =>
    new FailingReceivers({
      db: database.db,
      clock: () => new Date(now),
      nowMs: () => now,
      onChange: ({ is, receiver }: HealthChange) => said.push(`${is} ${receiver.receiver}`),
    })
  const all = Array.from({ length: processes }, make)
  return {
    first: all[0] as FailingReceivers,
    second: all[1] as FailingReceivers,
    said,
    after(ms: number) {
      now += ms
    },
    async round() {
      for (const each of all) await each.round()
    },
    database,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

suite('a receiver that only fails', () => {
  test('is warned of after five minutes, once, and cleared when it works', async () => {
    await using w = await world()
    w.first.observe(HOOK, fails('first'))
    w.after(1000)
    w.first.observe(HOOK, fails('second'))
    await w.round()
    w.after(5 * MINUTE - 1001)
    await w.round()
    assert.deepEqual([w.said, w.first.counts], [[], { webhook: 0, mail: 0 }])
    w.after(1)
    await w.round()
    await w.round()
    assert.deepEqual(w.said, ['failing hooks.example:443'])
    assert.deepEqual(w.first.counts, { webhook: 1, mail: 0 })
    assert.deepEqual(await w.first.list('contoso'), [
      {
        ...HOOK,
        since: new Date(START),
        lastFailureAt: new Date(START + 1000),
        failures: 2,
        error: 'second',
      },
    ])
    w.first.observe(HOOK, works)
    await w.round()
    assert.deepEqual(w.said, ['failing hooks.example:443', 'works hooks.example:443'])
    assert.deepEqual(w.first.counts, { webhook: 0, mail: 0 })
    assert.deepEqual(await w.first.list('contoso'), [])
  })

  test('is not warned of when it worked in between, however briefly', async () => {
    await using w = await world()
    for (let minute = 0; minute < 20; minute++) {
      w.first.observe(HOOK, fails())
      w.after(MINUTE)
      w.first.observe(HOOK, fails())
      if (minute % 4 === 3) w.first.observe(HOOK, works)
      await w.round()
    }
    assert.deepEqual(w.said, [])
  })

  test('is not warned of for one failure', async () => {
    await using w = await world()
    w.first.observe(HOOK, fails())
    await w.round()
    w.after(10 * MINUTE)
    await w.round()
    assert.deepEqual(w.said, [])
  })

  test('is told by every process, and said by one; it may work at another', async () => {
    await using w = await world(2)
    for (const each of [w.first, w.second]) each.observe(HOOK, fails())
    await w.round()
    w.after(6 * MINUTE)
    await w.round()
    await w.round()
    assert.deepEqual(w.said, ['failing hooks.example:443'])
    assert.deepEqual([w.first.counts.webhook, w.second.counts.webhook], [1, 1])
    assert.equal((await w.second.list('contoso'))[0]?.failures, 2)
    // The second one never saw it fail after the first round; what it knows it knows from the database.
    w.second.observe(HOOK, works)
    await w.round()
    await w.round()
    assert.deepEqual(w.said, ['failing hooks.example:443', 'works hooks.example:443'])
    assert.deepEqual([w.first.counts.webhook, w.second.counts.webhook], [0, 0])
  })

  test('is forgotten when nothing was sent to it for a day', async () => {
    await using w = await world()
    w.first.observe(HOOK, fails())
    w.first.observe(HOOK, fails())
    await w.round()
    w.after(6 * MINUTE)
    await w.round()
    w.after(24 * 60 * MINUTE)
    await w.round()
    assert.deepEqual(w.said, ['failing hooks.example:443', 'forgotten hooks.example:443'])
  })

  test('is its tenant’s affair; a mail server is everybody’s', async () => {
    await using w = await world()
    for (const each of [HOOK, SMTP, HOOK, SMTP]) w.first.observe(each, fails())
    await w.round()
    w.after(5 * MINUTE)
    await w.round()
    assert.deepEqual(w.first.counts, { webhook: 1, mail: 1 })
    const seenBy = async (tenant: string) => (await w.first.list(tenant)).map(each => each.receiver)
    assert.deepEqual((await seenBy('contoso')).toSorted(), ['hooks.example:443', 'smtp.example:587'])
    assert.deepEqual(await seenBy('fabrikam'), ['smtp.example:587'])
  })

  test('is one of a hundred that are remembered of a tenant, and takes none of another', async () => {
    await using w = await world()
    w.first.observe({ ...HOOK, tenant: 'fabrikam' }, fails())
    for (let n = 0; n < 3 * MAX_PER_TENANT; n++) {
      w.first.observe({ ...HOOK, receiver: `h${n}.example:443` }, fails())
      w.after(1)
      if (n % 90 === 0) await w.round()
    }
    await w.round()
    const rows = await w.database.db.query<{ tenant: string; receiver: string }>({
      text: 'select tenant, receiver from delivery.failing_receiver order by last_failure_at',
    })
    const mine = rows.filter(row => row.tenant === 'contoso')
    assert.equal(mine.length, MAX_PER_TENANT)
    assert.equal(mine.at(-1)?.receiver, `h${3 * MAX_PER_TENANT - 1}.example:443`)
    assert.equal(rows.length, MAX_PER_TENANT + 1)
  })

  test('is not lost to a database that is away for a round', async () => {
    await using w = await world()
    w.first.observe(HOOK, fails('one'))
    await w.database.db.query({ text: 'alter table delivery.failing_receiver rename to away' })
    await assert.rejects(w.round())
    w.after(5 * MINUTE)
    w.first.observe(HOOK, fails('two'))
    await w.database.db.query({ text: 'alter table delivery.away rename to failing_receiver' })
    await w.round()
    assert.deepEqual(w.said, ['failing hooks.example:443'])
    const [row] = await w.first.list('contoso')
    assert.deepEqual([row?.failures, row?.error, row?.since], [2, 'two', new Date(START)])
  })
})

test('what was seen in two rounds is what would have been seen in one', () => {
  const health = fc.boolean().map(ok => (ok ? works : fails()))
  fc.assert(
    fc.property(fc.array(health, { minLength: 1 }), fc.array(health, { minLength: 1 }), (one, two) => {
      const of = (all: readonly (typeof one)[number][], from: number) =>
        all.reduce<Observation | undefined>(
          (before, each, i) => observed(before, each, from + i),
          undefined,
        ) as Observation
      assert.deepEqual(merged(of(one, 0), of(two, one.length)), of([...one, ...two], 0))
    }),
  )
})

suite('an attempt says of its receiver', () => {
  const answered = (status: number) =>
    healthOf({ is: 'answered', status, headers: {}, body: '', address: '127.0.0.1' })?.works
  test('that it works: 2xx; nothing: 410; that it fails: all else', () => {
    assert.deepEqual([200, 204, 410, 302, 404, 429, 500, 503].map(answered), [
      true,
      true,
      undefined,
      ...Array(5).fill(false),
    ])
    assert.equal(healthOf({ is: 'no_answer', error: 'x' })?.works, false)
    assert.equal(healthOf({ is: 'not_begun', error: 'x', refused: false })?.works, false)
    assert.equal(healthOf({ is: 'not_begun', error: 'x', refused: true }), null)
  })

  test('of a mail server, that it works when it refuses a recipient or a message, and not when it refuses us', () => {
    const refused = (code: number, command: string) =>
      healthOfMail({ is: 'refused', reply: `${code} no`, code, command })?.works
    assert.deepEqual(
      [refused(550, 'RCPT TO'), refused(451, 'RCPT TO'), refused(554, 'DATA')],
      [true, true, true],
    )
    assert.deepEqual(
      [
        refused(554, 'CONN'),
        refused(535, 'AUTH PLAIN'),
        refused(550, 'MAIL FROM'),
        refused(421, 'RCPT TO'),
        refused(530, 'DATA'),
      ],
      [false, false, false, false, false],
    )
    assert.equal(healthOfMail({ is: 'accepted', reply: '250' })?.works, true)
    const lost = { phase: 'connect', error: 'x' } as const
    assert.equal(healthOfMail({ is: 'unsent', ...lost, aborted: false })?.works, false)
    assert.equal(healthOfMail({ is: 'unsent', ...lost, aborted: true }), null)
    assert.equal(healthOfMail({ is: 'unknown', error: 'x', aborted: false })?.works, false)
  })
})
