// Judges a history from outside, by what callers were told and what receivers saw, against I1–I10. Pure.
//
// A rule says nothing where the facts leave room: what nobody answered may or may not have been done.

import type { Receipt, ReceiptItem } from '../../../server/src/core/cancellation.ts'
import { judgeCallers } from './checker-callers.ts'
import { judgeEffects } from './checker-effects.ts'
import { type Fact, touchesWorld } from './facts.ts'
import { hangs, Known, type KnownEffect, maybeCancelled, names, type Read, reach } from './known.ts'

export type Rule = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'doubt' | 'errors'

export type Violation = { readonly rule: Rule; readonly what: string }

export type Judging = {
  /** Whether receipts count inner steps among their items (I2). */
  readonly innerSteps: 'counted' | 'not counted' | 'either'
  readonly finalAfterMs: number
  readonly beatMs: number
}

/** An answer takes a moment, and the database's clock is read in steps. */
export const SLACK_MS = 500

export function check(facts: readonly Fact[], judging: Judging): Violation[] {
  const known = new Known(facts)
  const found: Violation[] = []
  const add = (rule: Rule, what: string) => void found.push({ rule, what })
  for (const reads of known.reads.values()) judgeReceipt(known, reads, judging, add)
  judgeOneEnd(known, add)
  judgeCallers(known, add)
  judgeEffects(known, judging, add)
  return distinct(found)
}

export type Add = (rule: Rule, what: string) => void

function endedBefore(item: ReceiptItem): boolean {
  return item.outcome === 'already_ended'
}

function judgeReceipt(known: Known, reads: readonly Read[], judging: Judging, add: Add): void {
  const last = reads.at(-1) as Read
  for (const read of reads) {
    judgeItems(known, read, add)
    judgeCounts(read.receipt, judging, add)
    judgeTime(known, read, judging, add)
  }
  for (const read of reads) {
    // Who asked before the other was answered may have seen what was before.
    const before = reads.findLast(other => other.at < read.askedAt)
    if (before) judgeChange(before.receipt, read.receipt, add)
  }
  judgeStarts(known, reads, add)
  if (last.receipt.state === 'final') judgeComplete(known, last, judging, add)
}

/** What each item says, against what was seen. */
function judgeItems(known: Known, { receipt }: Read, add: Add): void {
  const seen = new Set<string>()
  for (const item of receipt.items) {
    const { effectId, title, outcome } = item
    const where = `${title} in receipt ${receipt.id}`
    if (seen.has(effectId)) add('I2', `${where} stands there twice`)
    seen.add(effectId)
    const effect = known.effects.get(title)
    if (!effect) {
      add('I2', `${where}: nobody has announced it`)
      continue
    }
    judgeEvidence(known, receipt, { effect, item, where }, add)
    if (outcome === 'stopping' && receipt.state === 'final')
      add('I4', `${where} is stopping, and the receipt is final`)
    const how = reachOf(known, receipt, effect)
    if (how === null) add('I2', `${where}: it does not hang from what was cancelled`)
    if (outcome === 'kept' && how === 'with') add('I2', `${where} is kept, and no keep link says so`)
    const acted = ['prevented', 'stopped', 'too_late', 'stopping'].includes(outcome)
    if (acted && how === 'kept') add('I2', `${where} is ${outcome}, and was to be kept`)
    if (outcome === 'already_cancelled') judgeEarlier(known, receipt, item, where, add)
  }
}

function judgeEvidence(
  known: Known,
  receipt: Receipt,
  {
    effect,
    item,
    where,
  }: { readonly effect: KnownEffect; readonly item: ReceiptItem; readonly where: string },
  add: Add,
): void {
  const { outcome, ending } = item
  const happened = effect.took.length > 0 || effect.ends.some(end => end.result === 'ended')
  const mayHave = happened || effect.ends.some(end => end.result === null)
  if (outcome === 'prevented' || outcome === 'stopped') {
    if (happened) add('I1', `${where} is ${outcome}, and took effect`)
  }
  // What was kept may be retried by hand afterwards: then it happens by that, and the receipt tells of before.
  const asked = known.maker(receipt.id)?.asked.index ?? 0
  const retried = effect.retries.find(retry => retry.index > asked)?.index ?? Number.POSITIVE_INFINITY
  const happenedBefore =
    effect.took.some(({ index }) => index < retried) ||
    effect.ends.some(end => end.result === 'ended' && end.index < retried)
  if (endedBefore(item) && ending !== 'done' && happenedBefore)
    add('doubt', `${where} is ${outcome} (${ending}), and took effect`)
  const claimed = outcome === 'too_late' || (endedBefore(item) && ending === 'done')
  if (claimed && touchesWorld(effect.plan.kind) && !mayHave)
    add('I7', `${where} is ${outcome}, and never took effect`)
  if (
    outcome === 'in_doubt' &&
    !touchesWorld(effect.plan.kind) &&
    ending === null &&
    effect.began.length === 0
  )
    add('doubt', `${where} is in doubt, and never began`)
}

/** An item that was called off before names who did it, and stands there as that one's own. */
function judgeEarlier(known: Known, receipt: Receipt, item: ReceiptItem, where: string, add: Add): void {
  const earlier = item.cancellationId
  if (earlier === null || earlier === receipt.id) {
    add('I2', `${where} is already cancelled, and names ${earlier === null ? 'nobody' : 'itself'}`)
    return
  }
  const read = known.reads.get(earlier)?.at(-1)?.receipt
  if (read === undefined || read.state !== 'final') return
  const own = read.items.find(i => i.effectId === item.effectId)
  if (!own || own.outcome === 'kept' || own.outcome === 'already_cancelled')
    add('I2', `${where} is already cancelled by ${earlier}, which says ${own?.outcome ?? 'nothing'} of it`)
}

function judgeCounts(receipt: Receipt, { innerSteps }: Judging, add: Add): void {
  if (receipt.itemsAfter !== null || receipt.state === 'counting') return
  const counted = (items: readonly ReceiptItem[]) => {
    const by = Map.groupBy(items, item => item.outcome as string)
    return (
      receipt.counts.total === items.length &&
      Object.entries(receipt.counts).every(
        ([name, n]) => name === 'total' || n === (by.get(name)?.length ?? 0),
      )
    )
  }
  const all = counted(receipt.items)
  const outer = counted(receipt.items.filter(item => touchesWorld(item.kind)))
  const right = innerSteps === 'counted' ? all : innerSteps === 'not counted' ? outer : all || outer
  if (!right)
    add('I2', `the counts of receipt ${receipt.id} are not its items: ${JSON.stringify(receipt.counts)}`)
}

function judgeTime(known: Known, read: Read, { finalAfterMs }: Judging, add: Add): void {
  const { receipt, askedAt } = read
  if (receipt.state === 'final') return
  const acknowledged = known.maker(receipt.id)?.answered
  if (!acknowledged) return
  // A huge tree has as long again until all of it is written down.
  const most = receipt.state === 'counting' ? 2 * finalAfterMs : finalAfterMs
  const calm = known.facts.find(fact => fact.is === 'calm')?.at ?? Number.POSITIVE_INFINITY
  const since = receipt.state === 'counting' ? Math.max(acknowledged.at, calm) : acknowledged.at
  if (askedAt > since + most + SLACK_MS && receipt.state !== 'counting' && !wasCounting(known, receipt.id))
    add(
      'I4',
      `receipt ${receipt.id} is ${receipt.state} ${Math.round(askedAt - acknowledged.at)} ms after its cancel`,
    )
  else if (askedAt > since + most + SLACK_MS)
    add(
      'I4',
      `receipt ${receipt.id} is ${receipt.state} ${Math.round(askedAt - since)} ms after all was calm`,
    )
}

function wasCounting(known: Known, receiptId: string): boolean {
  return (known.reads.get(receiptId) ?? []).some(read => read.receipt.state === 'counting')
}

function judgeChange(before: Receipt, after: Receipt, add: Add): void {
  const where = `receipt ${before.id}`
  if (before.state === 'final') {
    const text = (receipt: Receipt) => JSON.stringify([receipt.state, receipt.counts, receipt.items])
    if (text(before) !== text(after))
      add('I4', `${where} was final, and changed${firstChange(before, after)}`)
    return
  }
  const later = new Map(after.items.map(item => [item.effectId, item]))
  for (const item of before.items) {
    const now = later.get(item.effectId)
    if (!now) {
      if (after.itemsAfter === null && before.itemsAfter === null)
        add('I2', `${item.title} stood in ${where}, and is gone`)
    } else if (now.outcome !== item.outcome && item.outcome !== 'stopping')
      add('I4', `${item.title} in ${where} was ${item.outcome} and is ${now.outcome}`)
    else if (
      item.outcome === 'stopping' &&
      !['stopping', 'stopped', 'too_late', 'in_doubt'].includes(now.outcome)
    )
      add('I4', `${item.title} in ${where} was stopping and is ${now.outcome}`)
  }
}

function firstChange(before: Receipt, after: Receipt): string {
  const later = new Map(after.items.map(item => [item.effectId, item]))
  for (const item of before.items) {
    const now = later.get(item.effectId)
    if (JSON.stringify(now) !== JSON.stringify(item))
      return `: ${item.title} was ${item.outcome}, is ${now?.outcome ?? 'gone'}`
  }
  return before.items.length === after.items.length ? '' : ': it has other items'
}

/** I1: nothing that is called prevented begins after the commit; the answer, or the first read, came after that. */
function judgeStarts(known: Known, reads: readonly Read[], add: Add): void {
  const maker = known.maker((reads[0] as Read).receipt.id)
  const judged = new Set<string>()
  for (const read of reads) {
    const since = Math.min(maker?.answered?.index ?? Number.POSITIVE_INFINITY, read.index)
    for (const item of [...read.receipt.items, ...read.receipt.innerSteps]) {
      if (item.outcome !== 'prevented' || judged.has(item.title)) continue
      judged.add(item.title)
      const late = known.effects.get(item.title)?.began.find(begin => begin.index > since)
      if (late)
        add(
          'I1',
          `${item.title} is prevented in receipt ${read.receipt.id}, and attempt ${late.attempt} began after it`,
        )
    }
  }
}

/** I2: all that was surely there when the cancel was asked for stands in it. */
function judgeComplete(known: Known, { receipt }: Read, { innerSteps }: Judging, add: Add): void {
  const maker = known.maker(receipt.id)
  if (!maker || receipt.itemsAfter !== null) return
  const titles = new Set(receipt.items.map(item => item.title))
  const { request, asked, answered } = maker
  for (const effect of known.effects.values()) {
    if (titles.has(effect.title) || effect.there === null || effect.there.index > asked.index) continue
    if (!touchesWorld(effect.plan.kind) && innerSteps !== 'counted') continue
    const surely = [...known.events.values()].some(target => {
      if (!names(request, target) || hangs(known, effect.event, target) === null) return false
      // By key, only what lives is found.
      const byId = 'eventId' in request.target
      const before = answered?.index ?? asked.index
      return byId || !maybeCancelled(known, target, { before, but: maker.op })
    })
    if (surely) add('I2', `${effect.title} is missing in receipt ${receipt.id}`)
  }
}

/** An effect is called off once: in one receipt it is prevented, stopped or too late, in later ones already cancelled. */
function judgeOneEnd(known: Known, add: Add): void {
  const own = new Map<string, Map<string, string>>()
  for (const [receiptId, reads] of known.reads) {
    for (const item of reads.at(-1)?.receipt.items ?? []) {
      if (!['prevented', 'stopped', 'too_late'].includes(item.outcome)) continue
      own.set(item.title, (own.get(item.title) ?? new Map<string, string>()).set(receiptId, item.outcome))
    }
  }
  for (const [title, by] of own) {
    if (by.size > 1) add('I2', `${title} has its end in several receipts: ${JSON.stringify([...by])}`)
  }
}

/** How an effect stands to what a receipt is about; by its target, so that a receipt that nobody was told of counts too. */
function reachOf(known: Known, receipt: Receipt, effect: KnownEffect): 'with' | 'kept' | null {
  const { key, eventId, entity, kind } = receipt.target
  const target = eventId !== null ? { eventId } : { key: key ?? '', entity, kind }
  return reach(known, { tenant: receipt.tenant, target, by: receipt.by }, effect)
}

function distinct(found: readonly Violation[]): Violation[] {
  return [...new Map(found.map(violation => [`${violation.rule} ${violation.what}`, violation])).values()]
}
