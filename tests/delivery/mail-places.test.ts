// A mail server that hangs holds so many mails of a tenant, and so many connections, however many are due; the rest waits
// for it in the engine, and goes when it answers.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Carrier } from '../../server/src/core/effects/carrier.ts'
import { MAIL_SEND } from '../../server/src/core/effects/effect-kinds.ts'
import { MAIL_LANE } from '../../server/src/core/effects/lane.ts'
import { createMailCarrier } from '../../server/src/delivery/mail/mail-carrier.ts'
import { effect, event } from '../engine/engine-parts.ts'
import { Arrivals } from '../support/arrivals.ts'
import { SteeredCarrier, testEngine } from '../support/engine.ts'
import { smtpReceiver } from '../support/smtp-receiver.ts'

const MAILS = 20

async function mailWorld() {
  await using undo = new AsyncDisposableStack()
  const smtp = undo.use(await smtpReceiver())
  const answer = Promise.withResolvers<null>()
  smtp.answer = stage => (stage === 'rcpt' ? answer.promise : null)
  const keep = () => Promise.reject(new Error('not in keep mode'))
  const mail = createMailCarrier({ smtpUrl: smtp.url, keep, now: () => new Date() })
  undo.defer(() => mail.close())
  const begun = new Arrivals<string>()
  const watched = {
    ...mail,
    run: (...started: Parameters<typeof mail.run>) => {
      begun.add(started[0].tenant)
      return mail.run(...started)
    },
  } as Carrier
  const behind = new SteeredCarrier('behind', { answer: () => ({ is: 'done' }) })
  const { engine, database } = undo.use(await testEngine([watched, behind]))
  // Whatever fails, what hangs must not hold up the engine's stop.
  undo.defer(() => smtp.drop())
  let passed = 0
  const announce = async (tenant: string, effects: Parameters<typeof event>[1]) => {
    const [made] = await database.db.transaction('test.announce', tx =>
      engine.announce(tx, [event(tenant, effects, { tenant })]),
    )
    assert.ok(made?.is === 'announced')
    return made.eventId
  }
  const owned = undo.move()
  return {
    smtp,
    begun,
    answer: () => answer.resolve(null),
    /** Announces its mails; the id of their event. */
    mails: (tenant: string) =>
      announce(
        tenant,
        Array.from({ length: MAILS }, (_, i) =>
          effect(`mail ${i}`, {
            kind: MAIL_SEND,
            lane: MAIL_LANE,
            data: { to: `guest-${i}@elsewhere.example`, subject: tenant, text: `${i}` },
          }),
        ),
      ),
    /** What falls due later has begun: what was due before, and is still pending, was seen and left. */
    async passBy(tenant: string) {
      await announce(tenant, [effect('behind', { kind: 'behind' })])
      passed += 1
      await behind.begun(passed)
    },
    async states(tenant: string, eventId: string) {
      const count = { pending: 0, running: 0, ended: 0 } as Record<string, number>
      for (const { state } of await engine.effectsOf(tenant, eventId)) count[state] = (count[state] ?? 0) + 1
      return count
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

test('six mails of a tenant are on their way at once; the rest goes when the server answers, by the same connections', async () => {
  await using world = await mailWorld()
  const { smtp, begun } = world
  const eventId = await world.mails('contoso')
  await smtp.reached('rcpt', 6)
  await world.passBy('contoso')
  assert.deepEqual(await world.states('contoso', eventId), { pending: MAILS - 6, running: 6, ended: 0 })
  assert.deepEqual([begun.all.length, smtp.connections], [6, 6])
  world.answer()
  const mails = await smtp.arrived(MAILS)
  assert.equal(new Set(mails.map(({ to }) => to[0])).size, MAILS)
  // A connection is used again: with a seventh mail at once there would have been a seventh.
  assert.equal(smtp.connections, 6)
})

test('two tenants have six mails each on their way, by ten connections in all', async () => {
  await using world = await mailWorld()
  const { smtp, begun } = world
  const tenants = ['contoso', 'fabrikam']
  const eventIds = [await world.mails('contoso'), await world.mails('fabrikam')]
  const started = await begun.arrived(12)
  for (const [i, tenant] of tenants.entries()) {
    await world.passBy(tenant)
    assert.deepEqual(await world.states(tenant, eventIds[i]!), {
      pending: MAILS - 6,
      running: 6,
      ended: 0,
    })
    assert.equal(started.filter(each => each === tenant).length, 6)
  }
  await smtp.reached('rcpt', 10)
  assert.deepEqual([begun.all.length, smtp.connections], [12, 10])
  world.answer()
  await smtp.arrived(2 * MAILS)
  assert.equal(smtp.connections, 10)
})
