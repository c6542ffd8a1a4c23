// This folder has the verbs of the room: report, cancel, next step. This file reports events: for each, every
// active automation of the trigger gets an activation, which is an event of the engine with its first action
// pending. The reports of many callers share one transaction, and a single report takes the same path. A step
// must never be added to an activation that was cancelled (I3).
//
//   check (trigger is the caller's, payload keeps the rules) ──> batch ───> claim idempotency keys ──> announce ──> commit
//     ^                                                            │
//     └── the trigger has changed since it was looked up ──────────┘

import type { Announcement } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { type Parent, refuseWithParent } from '../../core/parent.ts'
import { Batcher, Overloaded, type Queue } from '../../engine/batcher.ts'
import { fault, invalidArgument } from '../faults.ts'
import { payloadViolation, scheduledTime } from '../language/payload.ts'
import type { Program } from '../language/program.ts'
import type { CallingApp, Needs } from '../needs.ts'
import { claimIdempotencyKeys, DEFAULT_TTL_MS, type KeyClaim } from './claim-idempotency-keys.ts'
import { makeActivations } from './make-activations.ts'
import { type ProgramCache, programName } from './program-cache.ts'
import { checkTriggers, isTriggerChanged, type Trigger, type TriggerLookup } from './trigger-lookup.ts'

export type EventInfo = {
  readonly payload: JsonObject
  /** GUID. Without it, nobody can cancel the activations through Wix's API. */
  readonly externalEntityId: string | null
  readonly idempotency: { readonly key: string; readonly ttlMs: number | null } | null
}

export type ReportRequest = {
  readonly app: CallingApp
  readonly triggerKey: string
  readonly events: readonly EventInfo[]
  /** The parent of all of them; null for none. */
  readonly parent: Parent | null
}

/** The result for one event. `repeated`: its idempotency key was used before and has not expired, so nothing was started. */
export type Reported =
  | { readonly is: 'reported'; readonly activationIds: readonly string[] }
  | { readonly is: 'repeated' }
  | { readonly is: 'refused'; readonly fault: Fault }

/** One event that passed the checks. */
export type CheckedEvent = EventInfo & { readonly startsAt: Date | null }
export type CheckedReport = {
  readonly app: CallingApp
  readonly triggerKey: string
  readonly trigger: Trigger
  readonly events: readonly CheckedEvent[]
  readonly parent: Parent | null
}

export type ReportEvents = (request: ReportRequest) => Promise<readonly Reported[]>

type Submit = (report: CheckedReport) => Promise<readonly Reported[]>
type Parts = Needs & { readonly triggers: TriggerLookup; readonly programs: ProgramCache }

/** The trigger was changed between look-up and commit. Nothing was done. */
class TriggerChanged extends Error {
  override readonly name = 'TriggerChanged'
}

/** After so many look-ups the report is refused: the trigger is being changed again and again. */
const MAX_LOOKUPS = 10

/**
 * One result per event, in order. Throws PERMISSION_DENIED (403) for a key that is not the app's; an event whose payload
 * breaks a rule is refused alone, INVALID_ARGUMENT.
 */
export function reportEvents(parts: Parts): { readonly report: ReportEvents; readonly queue: () => Queue } {
  const batcher = new Batcher<CheckedReport, readonly Reported[]>({
    name: 'automations.report',
    maxBatch: 256,
    maxQueue: parts.maxQueue,
    tenantOf: report => report.app.tenant,
    run: reports => commitIfUnchanged(parts, reports),
  })
  // A report with a parent waits for a lock on the parent, and is refused when the parent was called off. Other reports must not share
  // that fate, so it has a transaction of its own.
  const tenantQueue = parts.engine.tenantQueue('report_below', { maxQueue: parts.maxQueue })
  const submit: Submit = async report => {
    if (report.parent === null) return await batcher.submit(report)
    const [reported] = await tenantQueue.take(report.app.tenant, () => commitIfUnchanged(parts, [report]))
    if (reported instanceof Error) throw reported
    return reported!
  }
  const report: ReportEvents = async request => {
    const name = nameOf(request)
    for (let lookups = 0; ; lookups++) {
      const known = lookups === 0 ? parts.triggers.known(name) : null
      try {
        const reported = known && (await reportTo(request, known, submit))
        if (reported) return reported
        const trigger = await parts.triggers.find(name)
        if (!trigger || trigger.retired) throw fault.PERMISSION_DENIED()
        return (await reportTo(request, trigger, submit)) ?? refusals(request, trigger)
      } catch (error) {
        if (!(error instanceof TriggerChanged)) throw error
        if (lookups === MAX_LOOKUPS) throw new Overloaded(`${error.message}, ${lookups} times`)
      }
    }
  }
  return { report, queue: () => batcher.fill }
}

function nameOf({ app, triggerKey }: Pick<ReportRequest, 'app' | 'triggerKey'>) {
  return { tenant: app.tenant, appId: app.appId, triggerKey }
}

/** Null when no event passes the checks. */
async function reportTo(
  { app, triggerKey, events, parent }: ReportRequest,
  trigger: Trigger,
  submit: Submit,
): Promise<readonly Reported[] | null> {
  const checked = events.map(event => checkEvent(event, trigger))
  const good = checked.filter((event): event is CheckedEvent => !(event instanceof Fault))
  if (good.length === 0) return null
  const done = (await submit({ app, triggerKey, trigger, events: good, parent })).values()
  return checked.map(event => (event instanceof Fault ? { is: 'refused', fault: event } : done.next().value!))
}

function refusals({ events }: ReportRequest, trigger: Trigger): readonly Reported[] {
  return events.map(event => ({ is: 'refused', fault: checkEvent(event, trigger) as Fault }))
}

function checkEvent(event: EventInfo, trigger: Trigger): CheckedEvent | Fault {
  const bad = payloadViolation(event.payload, 'payload')
  if (bad) return invalidArgument([bad])
  if (trigger.scheduleField === null) return { ...event, startsAt: null }
  const startsAt = scheduledTime(event.payload, trigger.scheduleField, 'payload')
  return startsAt instanceof Date ? { ...event, startsAt } : invalidArgument([startsAt])
}

async function commitIfUnchanged(
  parts: Parts,
  reports: readonly CheckedReport[],
): Promise<readonly (readonly Reported[] | TriggerChanged)[]> {
  try {
    return await commitReports(parts, reports)
  } catch (error) {
    if (!isTriggerChanged(error)) throw error
    // It is not known whose trigger has changed, so each of them looks up its own again.
    return reports.map(() => new TriggerChanged('the trigger was changed meanwhile'))
  }
}

async function commitReports(
  parts: Parts,
  reports: readonly CheckedReport[],
): Promise<(readonly Reported[])[]> {
  const programs = await parts.programs.load(parts.db, reports.flatMap(refsOf))
  const clocks = await readClocks(parts, reports, programs)
  return parts.db.transaction('automations.report', async tx => {
    checkTriggers(
      tx,
      reports.map(report => ({ name: nameOf(report), trigger: report.trigger })),
    )
    const items = reports.flatMap(report => report.events.map(event => ({ report, event })))
    const keyed = items.flatMap(item => {
      const claim = claimOf(item.report, item.event, clocks)
      return claim ? [{ ...item, claim }] : []
    })
    const won = await claimIdempotencyKeys(
      tx,
      keyed.map(item => item.claim),
    )
    const repeated = new Set(keyed.filter((_, i) => !won[i]).map(item => item.event))

    const toAnnounce = items
      .filter(({ event }) => !repeated.has(event))
      .flatMap(({ report, event }) =>
        makeActivations(parts, { report, event, programs, now: clocks.get(report.app.tenant) ?? null }).map(
          announcement => ({ event, announcement }),
        ),
      )
    const ids = await announceAll(
      parts,
      tx,
      toAnnounce.map(b => b.announcement),
    )
    const idsOf = Map.groupBy(
      toAnnounce.map(({ event }, i) => ({ event, id: ids[i]! })),
      ({ event }) => event,
    )
    return reports.map(report =>
      report.events.map((event): Reported => {
        if (repeated.has(event)) return { is: 'repeated' }
        return { is: 'reported', activationIds: (idsOf.get(event) ?? []).map(({ id }) => id) }
      }),
    )
  })
}

async function announceAll(
  { engine }: Parts,
  tx: Parameters<Needs['engine']['announce']>[0],
  announcements: readonly Announcement[],
): Promise<readonly string[]> {
  if (announcements.length === 0) return []
  const announced = await engine.announce(tx, announcements)
  return announced.map(result => {
    refuseWithParent(result)
    // With the policy 'ignore' an event is always announced. Anything else is a mistake of this program, and nothing is committed.
    if (result.is !== 'announced') throw fault.NOT_ANNOUNCED({ why: result.is })
    return result.eventId
  })
}

function refsOf({ app, trigger }: CheckedReport) {
  return trigger.automations.map(({ id, revision }) => ({ tenant: app.tenant, automationId: id, revision }))
}

/** The clocks of the tenants whose reports need the time. They are read before the transaction, because that holds a connection. */
async function readClocks(
  { engine }: Parts,
  reports: readonly CheckedReport[],
  programs: ReadonlyMap<string, Program>,
): Promise<ReadonlyMap<string, Date>> {
  const clocks = new Map<string, Date>()
  for (const report of reports) {
    const { tenant } = report.app
    if (!clocks.has(tenant) && needsClock(report, programs)) clocks.set(tenant, await engine.now(tenant))
  }
  return clocks
}

function needsClock(report: CheckedReport, programs: ReadonlyMap<string, Program>): boolean {
  if (report.trigger.scheduleField !== null || report.events.some(event => event.idempotency !== null))
    return true
  // A month has no fixed length: its end depends on its beginning.
  return refsOf(report).some(ref =>
    programs.get(programName(ref))?.steps.some(step => step.do === 'delay' && step.wait.unit === 'months'),
  )
}

function claimOf(
  { app, triggerKey }: CheckedReport,
  { idempotency }: CheckedEvent,
  clocks: ReadonlyMap<string, Date>,
): KeyClaim | null {
  if (!idempotency) return null
  const { key, ttlMs } = idempotency
  const { tenant, appId, site } = app
  return { tenant, appId, site, triggerKey, key, ttlMs: ttlMs ?? DEFAULT_TTL_MS, now: clocks.get(tenant)! }
}
