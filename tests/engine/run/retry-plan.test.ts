import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import {
  MAIL_PLAN,
  MAX_ATTEMPTS,
  pauseBefore,
  planWith,
  type RetryPlan,
  retryMistakes,
  storedPlan,
  WEBHOOK_PLAN,
} from '../../../server/src/core/effects/retry-plan.ts'

const HOUR = 3_600_000

/** Every pause of a plan whose attempts all fail. */
function pausesOf(plan: RetryPlan, random: () => number): number[] {
  const pauses: number[] = []
  for (let waitedMs = 0; ; ) {
    const pause = pauseBefore(plan, { next: pauses.length + 2, waitedMs, random01: random() })
    if (pause === null) return pauses
    pauses.push(pause)
    waitedMs += pause
  }
}

suite('a retry plan', () => {
  for (const [name, plan, hours] of [
    ['webhooks', WEBHOOK_PLAN, 72],
    ['mail', MAIL_PLAN, 48],
  ] as const) {
    test(`of ${name} goes on for ${hours} hours, quickly at first, then with pauses of hours`, () => {
      const pauses = pausesOf(plan, () => 0.5)
      const all = pauses.reduce((sum, pause) => sum + pause, 0)
      assert.equal(all, hours * HOUR)
      assert.equal(pauses[0], 1000)
      const grown = pauses.slice(0, -1)
      assert.deepEqual(
        grown,
        grown.toSorted((a, b) => a - b),
      )
      assert.equal(Math.max(...pauses), plan.longestMs)
      assert.ok(pauses.length > 20 && pauses.length < 60, `${pauses.length}`)
    })
  }

  test('ends when its time is over, whatever its numbers and the dice are, and never waits beyond it', () => {
    const plans = fc.record({
      forMs: fc.integer({ min: 60_000, max: 14 * 24 * HOUR }),
      firstMs: fc.integer({ min: 1000, max: 24 * HOUR }),
      factor: fc.double({ min: 1, max: 10, noNaN: true }),
      longestMs: fc.integer({ min: 1000, max: 24 * HOUR }),
      jitter: fc.double({ min: 0, max: 0.5, noNaN: true }),
      attempts: fc.integer({ min: 1, max: MAX_ATTEMPTS }),
    })
    const dice = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(plans, dice, (plan, rolls) => {
        let at = 0
        const pauses = pausesOf(plan, () => rolls[at++ % rolls.length] as number)
        const all = pauses.reduce((sum, pause) => sum + pause, 0)
        assert.ok(pauses.length < plan.attempts)
        assert.ok(all <= plan.forMs + 1)
        if (pauses.length + 1 < plan.attempts) assert.ok(all >= plan.forMs)
        for (const pause of pauses) assert.ok(pause > 0 && pause <= plan.longestMs * 1.5 + 1)
      }),
    )
  })

  test('spreads its pauses to both sides', () => {
    const pause = (random01: number) => pauseBefore(WEBHOOK_PLAN, { next: 2, waitedMs: 0, random01 })
    assert.deepEqual([pause(0), pause(0.5), pause(0.9999)], [750, 1000, 1250])
  })

  test('is not tried before the receiver wants it, also at its end; then it is over', () => {
    const asked = { next: 5, notBeforeMs: 10 * HOUR, random01: 0.5 }
    assert.equal(pauseBefore(WEBHOOK_PLAN, { ...asked, waitedMs: 0 }), 10 * HOUR)
    assert.equal(pauseBefore(WEBHOOK_PLAN, { ...asked, waitedMs: 71 * HOUR }), 10 * HOUR)
    assert.equal(pauseBefore(WEBHOOK_PLAN, { ...asked, waitedMs: 81 * HOUR }), null)
    // A wish that is shorter than our own pause changes nothing.
    assert.equal(pauseBefore(WEBHOOK_PLAN, { next: 2, waitedMs: 0, notBeforeMs: 10, random01: 0.5 }), 1000)
  })

  test('makes as many attempts as it says', () => {
    const pauses = pausesOf(planWith(WEBHOOK_PLAN, { attempts: 3 }), () => 0.5)
    assert.equal(pauses.length + 1, 3)
  })

  test('is made of what is said and of what was, and of what is stored', () => {
    const plan = planWith(planWith(WEBHOOK_PLAN, { for: '24h', first: '90s' }), { for: '2d', jitter: 0 })
    assert.deepEqual(plan, { ...WEBHOOK_PLAN, forMs: 48 * HOUR, firstMs: 90_000, jitter: 0 })
    assert.equal(storedPlan(MAIL_PLAN, null), MAIL_PLAN)
    assert.deepEqual(storedPlan(MAIL_PLAN, '{"longest":"1h"}'), { ...MAIL_PLAN, longestMs: HOUR })
  })
})

suite('what the file says of retries', () => {
  for (const good of [
    {},
    { webhook: {} },
    { webhook: { for: '1m' }, mail: { for: '14d', longest: '1d' } },
    { mail: { for: '48h', first: '1s', longest: '24h', factor: 1.5, jitter: 0.5, attempts: 1 } },
    // No more than 1,000 attempts, since it says so.
    { webhook: { for: '14d', longest: '1s', attempts: 999 } },
  ]) {
    test(`is taken: ${JSON.stringify(good)}`, () => assert.deepEqual(retryMistakes(good), []))
  }

  for (const [bad, path, problem] of [
    [null, '', /an object \(webhook, mail\)/],
    [[], '', /an object \(webhook, mail\)/],
    [{ sms: {} }, 'sms', /not known here.* \(webhook, mail\)/],
    [{ webhook: '72h' }, 'webhook', /an object \(for, first, longest, factor, jitter, attempts\)/],
    [{ webhook: { until: '72h' } }, 'webhook.until', /not known here.* \(for, first/],
    [{ webhook: { toString: 1 } }, 'webhook.toString', /not known here/],
    [{ webhook: { for: 72 } }, 'webhook.for', /a time from 1m to 14d \(a time such as/],
    [{ webhook: { for: '59s' } }, 'webhook.for', /1m to 14d/],
    [{ webhook: { for: '15d' } }, 'webhook.for', /1m to 14d/],
    [{ webhook: { for: '3 days' } }, 'webhook.for', /a time such as/],
    [{ mail: { first: '0s' } }, 'mail.first', /1s to 1d/],
    [{ mail: { longest: '25h' } }, 'mail.longest', /1s to 1d/],
    [{ mail: { factor: 0.9 } }, 'mail.factor', /a number from 1 to 10/],
    [{ mail: { factor: '2' } }, 'mail.factor', /a number from 1 to 10/],
    [{ mail: { jitter: 0.51 } }, 'mail.jitter', /a number from 0 to 0.5/],
    [{ mail: { jitter: Number.NaN } }, 'mail.jitter', /a number from 0 to 0.5/],
    [{ mail: { attempts: 1.5 } }, 'mail.attempts', /a whole number from 1 to 1000/],
    [{ mail: { attempts: 1001 } }, 'mail.attempts', /a whole number from 1 to 1000/],
    [{ webhook: { longest: '1m' } }, 'webhook', /more than 1000 attempts/],
  ] as const) {
    test(`is refused with its place: ${JSON.stringify(bad)}`, () => {
      const [mistake, ...more] = retryMistakes(bad)
      assert.deepEqual(more, [])
      assert.equal(mistake?.path.join('.'), path)
      assert.match(`${mistake?.problem} (${mistake?.accepted})`, problem)
    })
  }

  test('is looked at together with what holds around it', () => {
    const inner = { webhook: { longest: '1m' } }
    assert.equal(retryMistakes(inner, [{ webhook: { for: '10m' } }]).length, 0)
    assert.equal(retryMistakes({ webhook: { for: '14d' } }, [{ webhook: { longest: '10m' } }]).length, 1)
  })
})
