// Ends effects. There is one way to do so, and three callers use it: a runner that reports, rescue of what a dead process left, and an
// answer from outside (an agent answers an offer, or the receiver of a withdrawal says how a webhook call went). If a cancel came first,
// the effect ends with another ending. The event's domain is asked for next steps only if the event is live.
//
// One end is written elsewhere: close-receipts.sql writes *in doubt* when the time of a receipt is up. That happens only under a
// cancellation, where no domain is asked.

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

/** One end that is to be written. */
export type PlannedEnd = {
  readonly effect: StartedEffect
  /** The start that the report is about; null: it is about the effect, whichever start it is under. */
  readonly startId: string | null
  /** The ending if nobody has called the effect off. Null: then it does not end now. */
  readonly ending: Ending | null
  /** The ending if somebody has called the effect off. Null: then it does not end now. */
  readonly endingIfCancelled: Ending | null
  readonly error: string | null
  readonly evidence: JsonObject | null
  readonly result: JsonObject | null
  /** This start may have had its effect. */
  readonly doubtful: boolean
  /** The receiver has answered for every attempt, so no doubt is left. */
  readonly aboutAll: boolean
  /** The kind of the event, if its domain decides what follows; null for most effects. */
  readonly domainKind: string | null
}

/**
 * Writes ends. Gives those that were written, by effect id. `parents`: the locked events of those ends whose domain is asked (see
 * {@link domainKindOf}). The caller must not give such an end without its event in `parents`.
 */
export async function endEffects(
  context: Context,
  tx: Tx,
  ends: readonly PlannedEnd[],
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

/** Tells the figures about these ends. Call it after the commit. */
export function tellEnds(
  { watch }: Pick<Context, 'watch'>,
  ends: readonly PlannedEnd[],
  written: ReadonlyMap<string, Ending>,
): void {
  if (!watch) return
  for (const { effect } of ends) {
    const ending = written.get(effect.id)
    if (ending !== undefined) watch.ended(effect.kind, ending)
  }
}

/** The values of settle.sql. The runner uses them too, for ends that need no transaction. */
export function endValues(context: Context, ends: readonly PlannedEnd[]): unknown[] {
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

/** The kind of the event whose domain decides what follows when such an effect ends. Null: nothing follows. */
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
  ends: readonly PlannedEnd[],
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

/** An answer from outside. `startId`: the start that the answer is about. Without it: whichever start the effect is under. */
export type ReportedEnd = {
  readonly effectId: string
  readonly verdict: Verdict | Resolution
  readonly startId?: string
}

/** What the receiver of a withdrawal said about the effect that was withdrawn. */
export type Resolution = {
  readonly is: 'resolved'
  readonly outcome: 'stopped' | 'too_late'
  readonly evidence: JsonObject | null
}

/** The ending if nobody has called the effect off, and the ending if somebody has. Null: it does not end. Pure. */
function endingsOf(
  verdict: ReportedEnd['verdict'],
): Pick<PlannedEnd, 'ending' | 'endingIfCancelled' | 'error'> {
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

/** Ends effects that no runner runs. 'gone': a cancel or another answer came first, or the effect is under another start by now. */
export async function endFromOutside(
  context: Context,
  tx: Tx,
  ends: readonly ReportedEnd[],
): Promise<readonly ('ended' | 'gone')[]> {
  if (ends.length === 0) return []
  const rows = await tx.query<StartedRow>(sql('read-started'), [ends.map(end => end.effectId)])
  const rowOf = new Map(rows.map(row => [row.id, row]))
  const wanted = ends.flatMap((end): PlannedEnd[] => {
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
        // Only the receiver knows about every attempt. Whoever takes back a waiting effect knows about the present attempt only.
        aboutAll: verdict.is === 'resolved',
        domainKind: domainKindOf(context, row),
      },
    ]
  })
  // The hook of a cancel ends effects that the cancel has just marked. Their events are locked already, and no domain is asked.
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

/** As {@link endFromOutside}, for withdrawals. An answer that comes after the receipt was final is added to it as a dated note. */
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
    // The withdrawal's own start id: a report that comes twice is noted once.
    [withdrawalStartId],
    [`The receiver answered after the receipt was final: ${resolution.outcome}`],
    [evidenceText(resolution.evidence)],
  ])
}
