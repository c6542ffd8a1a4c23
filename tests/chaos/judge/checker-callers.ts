// What callers were told, against what they and others had asked: I3 (nothing new under what was called off), I5 (the same
// request again), I6 (early cancellations).

import type { CancelRequest } from '../../../server/src/core/cancellation.ts'
import type { Add } from './checker.ts'
import { type Known, type KnownCancel, type KnownEvent, names, surelyCancelled } from './known.ts'

export function judgeCallers(known: Known, add: Add): void {
  judgeBirths(known, add)
  judgeRepeats(known, add)
  judgeEarly(known, add)
  for (const fact of known.facts) {
    if (fact.is === 'failed' && !fact.unavailable) add('errors', `${fact.asked} failed: ${fact.error}`)
    if (fact.is === 'error' && fact.uncaught) add('errors', `${fact.process} did not catch: ${fact.error}`)
  }
}

/** I3, for what callers ask for: a child, a revise, a retry. */
function judgeBirths(known: Known, add: Add): void {
  for (const event of known.events.values()) {
    const { answered, asked, plan, title } = event
    const parent = plan.parent === null ? undefined : known.events.get(plan.parent.title)
    if (asked && answered?.result.is === 'announced' && parent) {
      const by = surelyCancelled(known, parent, asked.index)
      if (by)
        add(
          'I3',
          `${title} was announced under ${parent.title}, which had been called off (request ${by.op})`,
        )
    }
    for (const revise of event.revises) {
      const by = revise.answered?.result === 'revised' && surelyCancelled(known, event, revise.asked.index)
      if (by) add('I3', `${title} was revised after it had been called off (request ${by.op})`)
    }
    for (const effect of event.effects) {
      for (const retry of effect.retries) {
        const by = retry.result === 'retried' && surelyCancelled(known, event, retry.index)
        if (by) add('I3', `${effect.title} was retried after it had been called off (request ${by.op})`)
      }
    }
  }
  for (const effect of known.effects.values()) {
    const parent = effect.announcedBy
    const first = parent?.nextAsked[0]
    if (!parent || !first || effect.there === null) continue
    const by = surelyCancelled(known, parent.event, first.index)
    if (by)
      add(
        'I3',
        `${effect.title} was announced under ${parent.title}, which had been called off (request ${by.op})`,
      )
  }
}

function judgeRepeats(known: Known, add: Add): void {
  const told = known.cancels.filter(cancel => cancel.answered !== null)
  for (const [i, later] of told.entries()) {
    for (const earlier of told.slice(0, i)) {
      if (!isSame(known, earlier, later)) continue
      const [a, b] = [earlier.answered!.outcome, later.answered!.outcome]
      if (a.receiptId !== b.receiptId)
        add(
          'I5',
          `requests ${earlier.op} and ${later.op} are the same and got receipts ${a.receiptId} and ${b.receiptId}`,
        )
      else if (!a.replayed && !b.replayed)
        add('I5', `requests ${earlier.op} and ${later.op} are the same and were both done`)
    }
  }
  for (const [receiptId, reads] of known.reads) {
    const letters = reads.at(-1)!.receipt.notices.filter(notice => notice.kind === 'letter')
    const twice = letters.find((a, i) => letters.findIndex(b => b.title === a.title) !== i)
    if (twice) add('I5', `receipt ${receiptId} has the notice "${twice.title}" twice`)
  }
}

/** Whether two requests are surely the same request (I5). */
function isSame(known: Known, earlier: KnownCancel, later: KnownCancel): boolean {
  const [a, b] = [earlier.request, later.request]
  if (a.by.principal !== b.by.principal || JSON.stringify(a.target) !== JSON.stringify(b.target)) return false
  const keys = [a.requestKey ?? null, b.requestKey ?? null]
  if (keys[0] !== keys[1]) return false
  if (keys[0] !== null) return true
  // Without a key: the second was asked when the first was over, and nothing was announced for it in between.
  if (earlier.answered!.index > later.asked.index) return false
  // One that has a key repeats only what has that key; but one without may repeat either, and gets the receipt of the last, whenever
  // that was asked.
  const isBetween = ({ asked, answered, request }: KnownCancel) =>
    asked.index < later.answered!.index &&
    (answered === null || answered.index > earlier.asked.index) &&
    request.by.principal === a.by.principal &&
    (request.requestKey ?? null) !== null
  if (known.cancels.some(isBetween)) return false
  if ('eventId' in a.target) return true
  if (earlier.answered!.outcome.early) return false
  return ![...known.events.values()].some(event => {
    const since = event.asked === null || event.asked.index < later.answered!.index
    const done = event.answered === null || event.answered.index > earlier.asked.index
    return names(a, event) && since && done
  })
}

/** I6: who comes while an early cancellation waits for it is met, by every policy but ignore; nobody else is. */
function judgeEarly(known: Known, add: Add): void {
  for (const event of known.events.values()) {
    const { asked, answered, plan, title } = event
    if (asked === null || answered === null || plan.key === null) continue
    const waiting = known.cancels.filter(cancel => isFor(cancel.request, event) && cancel.request.early)
    const { is } = answered.result
    const policy = plan.early
    const surely = waiting.some(
      cancel =>
        cancel.answered?.outcome.early === true &&
        !cancel.answered.outcome.replayed &&
        cancel.answered.index < asked.index &&
        answered.at < cancel.asked.at + (cancel.request.early?.ttlMs ?? 0) &&
        // With its tenant's clock its time passes sooner.
        !known.facts.some(fact => fact.is === 'clock asked') &&
        isFirst(known, event, cancel),
    )
    const maybe = waiting.some(
      cancel =>
        cancel.asked.index < answered.index &&
        asked.at <= (cancel.answered?.at ?? answered.at) + (cancel.request.early?.ttlMs ?? 0),
    )
    if (surely && policy !== 'ignore' && is === 'announced')
      add('I6', `${title} was announced although an early cancellation waited for it`)
    if ((is === 'absorbed' || is === 'rejected') && (policy === 'ignore' || !maybe))
      add('I6', `${title} was ${is}, and no early cancellation waited for it`)
    if (is === 'absorbed' && policy !== 'absorb') add('I6', `${title} was absorbed, by policy ${policy}`)
    if (is === 'rejected' && policy !== 'reject') add('I6', `${title} was rejected, by policy ${policy}`)
    if (is === 'absorbed' || is === 'rejected') {
      const begun = event.effects.find(effect => effect.began.length > 0)
      if (begun) add('I6', `${title} was ${is}, and ${begun.title} began`)
    }
  }
}

function isFor(request: CancelRequest, event: KnownEvent): boolean {
  return 'key' in request.target && names(request, event)
}

/** Whether nobody else with the key may have been met before: an early cancellation need not be met twice. */
function isFirst(known: Known, event: KnownEvent, cancel: KnownCancel): boolean {
  return ![...known.events.values()].some(
    other =>
      other !== event &&
      isFor(cancel.request, other) &&
      (other.asked === null || other.asked.index < event.answered!.index) &&
      (other.answered === null || other.answered.index > cancel.asked.index),
  )
}
