// Servers that share one database, killed with SIGKILL while all of them work. Judged by the receivers' own records.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HttpAnswer, ReceivedRequest } from '../support/http-receiver.ts'
import type { Reply, ServerProcess } from '../support/server-process.ts'
import { World } from './crash-world.ts'

const HOUR = 3_600_000
const REPORTS = 160
const CALLERS = 16

type View = { readonly id: string; readonly effectIds: readonly string[] }

type Report = { readonly view: View; readonly receiptId: string | null }

/** Says the truth of what it was told: what it has taken took effect, and what is called off before it comes is refused. */
class HonestReceiver {
  /** Effects that it took, each as often as it came. */
  readonly taken: string[] = []
  private readonly calledOff = new Set<string>()

  answer(request: ReceivedRequest): HttpAnswer {
    const id = idOf(request)
    if (isWithdrawal(request)) {
      const outcome = this.taken.includes(id) ? 'took_effect' : 'stopped'
      this.calledOff.add(id)
      return { body: JSON.stringify({ outcome }) }
    }
    if (this.calledOff.has(id)) return { status: 410 }
    this.taken.push(id)
    return {}
  }
}

function idOf(request: ReceivedRequest): string {
  return String(request.headers['webhook-id'])
}

function isWithdrawal(request: ReceivedRequest): boolean {
  return (request.json as { type: string }).type === 'effect.cancelled'
}

/** The same request, one server after the other, until one answers: its key makes it one request. */
async function insist(servers: readonly ServerProcess[], ask: Ask): Promise<Reply> {
  for (let turn = ask.first; ; turn++) {
    const server = servers[turn % servers.length] as ServerProcess
    const reply = await server.call('POST', ask.path, {
      token: ask.token,
      headers: { 'idempotency-key': ask.key },
      ...(ask.body && { body: ask.body }),
    })
    if (reply === null || reply.status === 503) continue
    assert.ok(reply.status < 300, `${ask.path}: ${reply.status} ${reply.text}`)
    return reply
  }
}

type Ask = {
  readonly first: number
  readonly path: string
  readonly key: string
  readonly token: string
  readonly body?: object
}

describe('servers on one database', { concurrency: true }, () => {
  test('one of two is killed under load: the other takes over, what was called off stays off, the rest happens', async t => {
    const world = await World.onSharedDatabase()
    t.after(() => world.close())
    const { receiver, smtp } = world
    const honest = new HonestReceiver()
    const held = new Set<string>()
    receiver.answer = request => {
      // The first call of each of these is still waiting for its answer when its server is killed.
      const holds = request.path.startsWith('/held') && !held.has(idOf(request))
      held.add(idOf(request))
      return holds ? 'hang' : honest.answer(request)
    }
    const lease = { STANDDOWN_LEASE_MS: '3000' }
    const doomed = await world.startBeside(lease)
    const token = await world.tokenOf({ user: 'alice@contoso.example' })
    // It is alone yet, so it is the one that runs them.
    const heldEvents = await Promise.all(
      [1, 2].map(i =>
        world.aliceOk('POST', '/api/v1/events', { title: 'Held', effects: [world.webhook(`/held-${i}`)] }),
      ),
    )
    await receiver.arrived(2)
    const heir = await world.startBeside(lease)
    const both = [doomed, heir]

    const reports: Report[] = []
    const report = async (i: number): Promise<void> => {
      const mail = (when: string) => ({
        kind: 'mail',
        to: ['bob@contoso.example'],
        subject: `${when}-${i}`,
        text: '.',
      })
      const kept = i % 2 === 0
      const effects = [
        world.webhook(`/now-${i}`),
        world.webhook(`/later-${i}`, HOUR),
        { ...mail('later'), afterMs: HOUR },
        // A mail server cannot be asked afterwards: what becomes of a mail under way is not for this test.
        ...(kept ? [mail('now')] : []),
      ]
      const announced = await insist(both, {
        first: i,
        path: '/api/v1/events',
        key: `report-${i}`,
        token,
        body: { title: `Report ${i}`, effects },
      })
      const view: View = announced.json
      if (kept) return void reports.push({ view, receiptId: null })
      const path = `/api/v1/events/${view.id}/cancel`
      const cancelled = await insist(both, { first: i >> 1, path, key: `cancel-${i}`, token })
      reports.push({ view, receiptId: cancelled.json.receiptId })
    }
    const load = Array.from({ length: CALLERS }, async (_, lane) => {
      for (let i = lane; i < REPORTS; i += CALLERS) {
        await report(i)
        // In the middle: the other callers are at it.
        if (i === REPORTS / 2) doomed.child.kill('SIGKILL')
      }
    })
    await Promise.all(load)
    assert.deepEqual(await doomed.ended, { code: null, signal: 'SIGKILL' })

    // The heir goes on with all of it: what the dead one ran, too.
    await world.advance('2h')
    assert.equal(reports.length, REPORTS)
    const calls = receiver.requests.filter(request => !isWithdrawal(request))
    const callsOf = (effectId: string) => calls.filter(request => idOf(request) === effectId)
    const mailed = (subject: string) =>
      world.mailed.filter(line => line === `bob@contoso.example ${subject}`).length

    for (const [i, { id, effectIds }] of heldEvents.entries()) {
      const { effects } = await world.aliceOk('GET', `/api/v1/events/${id}`)
      assert.deepEqual([effects[0].state, effects[0].attempt], ['done', 2])
      assert.deepEqual(
        calls.filter(request => request.path === `/held-${i + 1}`).map(idOf),
        [effectIds[0], effectIds[0]],
        'taken over: once more, under its id',
      )
    }
    for (const { view, receiptId } of reports) {
      const event = await world.aliceOk('GET', `/api/v1/events/${view.id}`)
      const n = event.title.split(' ')[1]
      assert.deepEqual(
        event.effects.map((effect: { id: string }) => effect.id).sort(),
        view.effectIds.toSorted(),
      )
      for (const path of [`/now-${n}`, `/later-${n}`]) {
        const ids = new Set(calls.filter(request => request.path === path).map(idOf))
        assert.ok(
          ids.size <= 1 && view.effectIds.includes([...ids][0] ?? view.effectIds[0]!),
          `one id for ${path}`,
        )
      }
      for (const effect of event.effects) {
        const mail = { [view.effectIds[2]!]: `later-${n}`, [view.effectIds[3] ?? '']: `now-${n}` }[effect.id]
        const came = mail === undefined ? callsOf(effect.id).length : mailed(mail)
        assert.ok(came <= effect.attempt, `${effect.title} ${came} times in ${effect.attempt} attempts`)
        if (receiptId === null)
          assert.ok(effect.state === 'done' && came > 0, `${n}: ${effect.title} is lost`)
      }
      if (receiptId === null) continue
      const receipt = await world.receipt(receiptId)
      assert.equal(receipt.counts.total, 3)
      for (const item of receipt.items) judge(item, callsOf(item.effectId).length, honest.taken)
      const later = receipt.items.filter(
        (item: Item) => Date.parse(item.dueAt) > Date.parse(receipt.cancelledAt),
      )
      assert.deepEqual(
        later.map((item: Item) => item.outcome),
        ['prevented', 'prevented'],
      )
      assert.equal(mailed(`later-${n}`), 0)
    }
    const messageIds = world.messageIds()
    assert.equal(
      new Set(messageIds).size,
      new Set(world.mailed).size,
      'a mail that is repeated has its Message-ID',
    )
    assert.ok(smtp.mails.length >= REPORTS)
    assert.equal(heir.child.exitCode, null)
  })

  test('every server is killed while a cancel waits for what runs: its receipt is final in its time, before any server works again', async t => {
    const world = await World.onSharedDatabase()
    t.after(() => world.close())
    const { receiver, smtp } = world
    receiver.answer = () => 'hang'
    smtp.answer = stage => (stage === 'message' ? 'hang' : null)
    const one = await world.startBeside()
    const two = await world.startBeside()
    const event: View = await world.aliceOk('POST', '/api/v1/events', {
      title: 'Both hang',
      effects: [
        world.webhook('/hangs'),
        world.webhook('/later', HOUR),
        { kind: 'mail', to: ['bob@contoso.example'], subject: 'hangs', text: '.' },
      ],
    })
    await receiver.arrived(1)
    await smtp.reached('message')
    const { receiptId } = await world.aliceOk('POST', `/api/v1/events/${event.id}/cancel`)
    // Its withdrawal hangs as well.
    await receiver.arrived(2)
    const open = await world.aliceOk('GET', `/api/v1/receipts/${receiptId}`)
    assert.equal(open.state, 'open')
    for (const server of [one, two]) server.child.kill('SIGKILL')
    await Promise.all([one.ended, two.ended])

    // Nobody is there to write anything. It really takes that long: a server has no clock but the database's.
    await world.databaseClockPasses(open.finalBy)
    await world.startBeside()
    const receipt = await world.aliceOk('GET', `/api/v1/receipts/${receiptId}`)
    assert.equal(receipt.state, 'final')
    const { total, prevented, in_doubt } = receipt.counts
    assert.deepEqual({ total, prevented, in_doubt }, { total: 3, prevented: 1, in_doubt: 2 })

    // The next server tells the receiver once more; what it learns is a note, and the receipt stays.
    receiver.answer = () => ({ body: JSON.stringify({ outcome: 'took_effect' }) })
    let now = receipt
    while (now.notes.length === 0) now = await world.aliceOk('GET', `/api/v1/receipts/${receiptId}`)
    assert.deepEqual([now.state, now.counts, now.items], [receipt.state, receipt.counts, receipt.items])
    assert.match(now.notes[0].text, /after the receipt was final: too_late/)
    await world.advance('2h')
    assert.equal(
      receiver.requests.filter(request => !isWithdrawal(request)).length,
      1,
      'nothing starts again',
    )
    assert.equal(smtp.seen.length, 1)
  })
})

type Item = { readonly effectId: string; readonly outcome: string; readonly dueAt: string }

/** What a receipt says against what the receiver has seen. */
function judge({ effectId, outcome }: Item, calls: number, taken: readonly string[]): void {
  if (outcome === 'prevented') assert.equal(calls, 0, `${effectId} is called prevented and came`)
  else if (outcome === 'stopped') assert.ok(!taken.includes(effectId), `${effectId} is called stopped`)
  else if (outcome === 'too_late' || outcome === 'already_ended')
    assert.ok(taken.includes(effectId), `${effectId} is called ${outcome}, and nobody has it`)
  else assert.equal(outcome, 'in_doubt')
}
