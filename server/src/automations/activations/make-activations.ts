// From one reported event to the announcements of its activations, one per active automation.

import type { Announcement } from '../../core/event.ts'
import { makeId, shardOfEntity, shardOfId } from '../../core/ids.ts'
import { type BornAt, type Run, short } from '../actions/action-effect.ts'
import { moveBy } from '../language/duration.ts'
import type { Program } from '../language/program.ts'
import type { Needs } from '../needs.ts'
import { ACTIVATION_KIND, activationKey } from './activation-key.ts'
import { firstEffect, startLater } from './next-step.ts'
import { programName } from './program-cache.ts'
import type { CheckedEvent, CheckedReport } from './report-events.ts'

type Reporting = {
  readonly report: CheckedReport
  readonly event: CheckedEvent
  readonly programs: ReadonlyMap<string, Program>
  /** The tenant's clock where it is needed; null: nothing of this report asks for the time. */
  readonly now: Date | null
}

export function activationsOf(
  needs: Needs,
  { report, event, programs, now }: Reporting,
): readonly Announcement[] {
  const { app, triggerKey, trigger, parent } = report
  const { tenant, appId, site } = app
  const externalEntityId = event.externalEntityId
  const key = externalEntityId === null ? null : activationKey({ appId, site, triggerKey, externalEntityId })
  return trigger.automations.map(({ id: automationId, revision, name }) => {
    const program = programs.get(programName({ tenant, automationId, revision }))
    if (!program) throw new Error(`automation ${automationId} has no revision ${revision}`)
    const nowMs = needs.now().getTime()
    // Its parent decides the shard, or else the entity, and the id carries it; what is about nothing is about something of its own.
    const entity = externalEntityId?.toLowerCase() ?? makeId(0, nowMs, needs.random)
    const activationId = makeId(
      parent ? shardOfId(parent.id) : shardOfEntity(tenant, entity),
      nowMs,
      needs.random,
    )
    const run: Run = {
      activationId,
      automationId,
      revision,
      triggerKey,
      externalEntityId,
      payload: event.payload,
    }
    const { effects, skipped, startAt } = begin({ program, run, startsAt: event.startsAt, now })
    return {
      id: activationId,
      tenant,
      kind: ACTIVATION_KIND,
      key,
      entity,
      ...(parent ? { parent } : {}),
      title: short(`${triggerKey}: ${name}`),
      app: appId,
      bareKey: triggerKey,
      data: {
        appId,
        site,
        triggerKey,
        automationId,
        revision,
        externalEntityId,
        payload: event.payload,
        ...(skipped ? { skipped, startAt } : {}),
      },
      effects,
      early: 'ignore',
    }
  })
}

type Begin = {
  readonly program: Program
  readonly run: Run
  readonly startsAt: Date | null
  readonly now: BornAt
}

type Begun = {
  readonly effects: Announcement['effects']
  readonly skipped: 'SCHEDULE_DATE_EXPIRED' | null
  /** When it should have started, if that was skipped. */
  readonly startAt: string | null
}

function begin({ program, run, startsAt, now }: Begin): Begun {
  if (startsAt === null) {
    const effect = firstEffect(program, program.first, { run, at: now })
    return { effects: effect ? [effect] : [], skipped: null, startAt: null }
  }
  const start = program.before ? moveBy(startsAt, program.before, -1) : startsAt
  // Wix: a start that has passed at the report is skipped, never made up for.
  if (now !== null && start.getTime() < now.getTime())
    return { effects: [], skipped: 'SCHEDULE_DATE_EXPIRED', startAt: start.toISOString() }
  return { effects: [startLater(program, start, { run, at: null })], skipped: null, startAt: null }
}
