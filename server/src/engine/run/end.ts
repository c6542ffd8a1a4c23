// The one way to an end: for a runner that reports, for rescue of what a dead process left, and for an answer from outside
// (an offer that its agent answers, a webhook whose withdrawal tells how it went). A cancel that came first decides under
// which name it ends. Only what follows from an end under a live event is asked of the event's domain.
//
// (The time of a receipt that is up writes *in doubt* by close-receipts.sql: only under a cancellation, where no domain is asked.)

import type { Ending, StartedEffect, Verdict } from '../../core/effects/effect.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Tx } from '../../store/database.ts'
import { announce, lockParents, type Parent } from '../announce/announce.ts'
import { insertEffects, type NewEffectRow } from '../announce/insert-effects.ts'
import { columns } from '../columns.ts'
import { type Context, isAskable } from '../context.ts'
import type { NextSteps, Settled } from '../domain.ts'
import { tenantTimes } from '../sandbox-clock/sandbox-clock.ts'
import { sql } from '../statements.ts'
import { errorText, evidenceText } from '../stored-text.ts'
import { type StartedRow, startedEffect } from './start.ts'

/** One end to be written. */
export type EndOf = {
  readonly effect: StartedEffect
  /** The start that this is said of; null: of the effect, whichever start it is under. */
  readonly startId: string | null
  /** Null: it does not end now unless somebody has called it off. */
  readonly ending: Ending | null
  /** Null: it does not end now if somebody has called it off. */
  readonly endingIfCancelled: Ending | null
  readonly error: string | null
  readonly evidence: JsonObject | null
  readonly result: JsonObject | null
  /** This start may have had its effect. */
  readonly doubtful: boolean
  /** Somebody outside answered for every attempt: no doubt is left. */
  readonly aboutAll: boolean
  /** Of the event, when its domain decides what follows; null for most. */
  readonly domainKind: string | null
}

/**
 * Writes ends; gives those that were written, by effect id. `parents`: the locked events, of those whose domain is asked
 * (see {@link domainKindOf}); such an end without its event in `parents` must not be given here.
 */
export async function endEffects(
  context: Context,
  tx: Tx,
  ends: readonly EndOf[],
  parents: ReadonlyMap<string, Parent> = new Map(),
): Promise<ReadonlyMap<string, Ending>> {
  if (ends.length === 0) return new Map()
  const rows = await tx.query<{ id: string; ending: Ending }>(sql('settle'), endValues(context, ends))
  const written = new Map(rows.map(row => [row.id, row.ending]))
  tx.afterCommit(() => tellEnds(context, ends, written))
  const following = ends.filter(({ effect, domainKind }) => {
    const live = effect.eventId !== null && parents.get(effect.eventId)?.cancellation_id === null
    return domainKind !== null && live && isLiveEnding(written.get(effect.id))
  })
  await announceNextSteps(context, tx, following, written)
  return written
}

/** For those who count; after the commit. */
export function tellEnds(
  { watch }: Pick<Context, 'watch'>,
  ends: readonly EndOf[],
  written: ReadonlyMap<string, Ending>,
): void {
  if (!watch) return
  for (const { effect } of ends) {
    const ending = written.get(effect.id)
    if (ending !== undefined) watch.ended(effect.kind, ending)
  }
}

/** The values of settle.sql: also for the runner's plain ends, which need no transaction. */
export function endValues(context: Context, ends: readonly EndOf[]): unknown[] {
  return [
    context.clock(),
    ...columns(ends, 9, e => [
      e.effect.id,
      e.startId,
      e.ending,
      e.endingIfCancelled,
      errorText(e.error),
      evidenceText(e.evidence),
      e.doubtful,
      !e.aboutAll && isAskable(context, e.effect.kind),
      e.aboutAll,
    ]),
  ]
}

/** The kind of the event whose domain decides what follows from the end of such an effect; null: nobody does. */
export function domainKindOf(
  context: Pick<Context, 'domains'>,
  row: { readonly event_kind: string | null; readonly kind: string },
): string | null {
  if (row.event_kind === null) return null
  const domain = context.domains.get(row.event_kind)
  if (!domain?.settled) return null
  return domain.wantsSettled === undefined || domain.wantsSettled(row.kind) ? row.event_kind : null
}

function isLiveEnding(ending: Ending | undefined): ending is Settled['ending'] {
  return ending === 'done' || ending === 'skipped' || ending === 'dead'
}

async function announceNextSteps(
  context: Context,
  tx: Tx,
  ends: readonly EndOf[],
  written: ReadonlyMap<string, Ending>,
): Promise<void> {
  for (const [kind, mine] of Map.groupBy(ends, e => e.domainKind as string)) {
    const domain = context.domains.get(kind)
    if (!domain?.settled) continue
    const now = await tenantTimes(
      context,
      tx,
      mine.map(e => e.effect.tenant),
    )
    const settled = mine.map(
      ({ effect, result, error }): Settled => ({
        effect,
        ending: written.get(effect.id) as Settled['ending'],
        result,
        error,
        at: now.get(effect.tenant) as Date,
      }),
    )
    const next = await domain.settled(tx, settled)
    for (const { effect, domainKind } of mine) {
      const steps = next.get(effect.id)
      if (steps) await writeNextSteps(context, tx, effect, domainKind as string, steps)
    }
  }
}

async function writeNextSteps(
  context: Context,
  tx: Tx,
  { eventId, tenant }: StartedEffect,
  eventKind: string,
  steps: NextSteps,
): Promise<void> {
  const under: NewEffectRow['under'] = { eventId: eventId as string, eventKind }
  insertEffects(
    context,
    tx,
    (steps.effects ?? []).map(effect => ({ effect, tenant, under })),
  )
  await announce(context, tx, steps.events ?? [])
}

/** An answer from outside. `startId`: the start that whoever answers was shown; left out, whichever it is under. */
export type End = {
  readonly effectId: string
  readonly verdict: Verdict | Resolution
  readonly startId?: string
}

/** What a withdrawal learnt of the effect that it withdrew. */
export type Resolution = {
  readonly is: 'resolved'
  readonly outcome: 'stopped' | 'too_late'
  readonly evidence: JsonObject | null
}

/** One ending for an effect that nobody called off, one for an effect that somebody did; null: leave it alone. Pure. */
function endingsOf(verdict: End['verdict']): Pick<EndOf, 'ending' | 'endingIfCancelled' | 'error'> {
  switch (verdict.is) {
    case 'done':
      return { ending: 'done', endingIfCancelled: null, error: null }
    case 'skipped':
      return { ending: 'skipped', endingIfCancelled: null, error: null }
    case 'failed':
    case 'retry':
      return { ending: 'dead', endingIfCancelled: null, error: verdict.error }
    case 'stopped':
      return { ending: null, endingIfCancelled: 'stopped', error: null }
    case 'in_doubt':
      return { ending: null, endingIfCancelled: 'in_doubt', error: null }
    case 'resolved':
      return { ending: null, endingIfCancelled: verdict.outcome, error: null }
    case 'waiting':
      return { ending: null, endingIfCancelled: null, error: null }
    default:
      return verdict satisfies never
  }
}

/** Ends what nobody runs. 'gone': a cancel or another answer came first, or it is under another start by now. */
export async function endFromOutside(
  context: Context,
  tx: Tx,
  ends: readonly End[],
): Promise<readonly ('ended' | 'gone')[]> {
  if (ends.length === 0) return []
  const rows = await tx.query<StartedRow>(sql('read-started'), [ends.map(end => end.effectId)])
  const rowOf = new Map(rows.map(row => [row.id, row]))
  const wanted = ends.flatMap((end): EndOf[] => {
    const row = rowOf.get(end.effectId)
    if (!row) return []
    const { verdict } = end
    return [
      {
        effect: startedEffect(row),
        startId: end.startId ?? null,
        ...endingsOf(verdict),
        evidence: ('evidence' in verdict ? verdict.evidence : null) ?? null,
        result: 'result' in verdict ? (verdict.result ?? null) : null,
        doubtful: false,
        // Only the receiver speaks of every attempt. Who takes back what waits, speaks of what waits here.
        aboutAll: verdict.is === 'resolved',
        domainKind: domainKindOf(context, row),
      },
    ]
  })
  // A cancel's hook ends what it has just marked: its events are locked, and no domain is asked.
  const asking = wanted.filter(e => e.domainKind !== null && e.ending !== null)
  const parents =
    asking.length === 0
      ? new Map<string, Parent>()
      : await lockParents(
          tx,
          asking.flatMap(e => e.effect.eventId ?? []),
          { tenants: asking.map(e => e.effect.tenant) },
        )
  const written = await endEffects(context, tx, wanted, parents)
  return ends.map(end => (written.has(end.effectId) ? 'ended' : 'gone'))
}

/** As {@link endFromOutside}, for withdrawals: what comes after the receipt was final is added to it as a note. */
export async function resolve(
  context: Context,
  tx: Tx,
  effectId: string,
  resolution: Resolution,
  withdrawalStartId: string,
): Promise<void> {
  const [result] = await endFromOutside(context, tx, [{ effectId, verdict: resolution }])
  if (result === 'ended') return
  await tx.query(sql('note-late'), [
    context.clock(),
    [effectId],
    // By the withdrawal's own start: what it reports twice is noted once.
    [withdrawalStartId],
    [`The receiver answered after the receipt was final: ${resolution.outcome}`],
    [evidenceText(resolution.evidence)],
  ])
}
