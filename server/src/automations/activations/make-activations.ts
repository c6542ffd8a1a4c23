// Makes the announcements of the activations of one reported event: one per active automation.

import { shortTitle } from '../../core/effects/effect-title.ts'
import type { Announcement } from '../../core/event.ts'
import { makeId, shardOfEntity, shardOfId } from '../../core/ids.ts'
import type { AnnouncedAt, Run } from '../actions/action-kind.ts'
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
  /** The time on the tenant's clock; null when nothing in this report needs the time. */
  readonly now: Date | null
}

export function makeActivations(
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
    // The shard is that of the parent, or else that of the entity, and the id contains it. Without an entity, a new id is the entity.
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
      title: shortTitle(`${triggerKey}: ${name}`),
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
  readonly now: AnnouncedAt
}

type Begun = {
  readonly effects: Announcement['effects']
  readonly skipped: 'SCHEDULE_DATE_EXPIRED' | null
  /** When it should have started, if the start was skipped. */
  readonly startAt: string | null
}

function begin({ program, run, startsAt, now }: Begin): Begun {
  if (startsAt === null) {
    const effect = firstEffect(program, program.first, { run, at: now })
    return { effects: effect ? [effect] : [], skipped: null, startAt: null }
  }
  const start = program.before ? moveBy(startsAt, program.before, -1) : startsAt
  // As at Wix: a start that is already past when the event is reported is skipped and never done later.
  if (now !== null && start.getTime() < now.getTime())
    return { effects: [], skipped: 'SCHEDULE_DATE_EXPIRED', startAt: start.toISOString() }
  return { effects: [startLater(program, start, run)], skipped: null, startAt: null }
}
