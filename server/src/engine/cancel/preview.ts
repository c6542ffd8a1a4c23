// What a cancel would do if it came now, page by page. It walks down the tree, takes no lock, writes nothing, and does bounded work for each
// page, however large the tree is. The tree may change during the walk, as it may change before the cancel.
//
// The walk goes depth first, and children come by id. A position in the walk is an event and one of its effects, so a page can end
// anywhere. From the position the walk goes on: the path up from the event says which children of each level are still to come.

import type { CancelTarget, Outcome } from '../../core/cancellation.ts'
import type { Ending, Link } from '../../core/effects/effect.ts'
import { isGuid } from '../../core/ids.ts'
import { type Context, isAskable } from '../context.ts'
import { sql } from '../statements.ts'

export type PreviewRequest = {
  readonly tenant: string
  readonly target: CancelTarget
  /** Where the page before ended (`after`); null: the first page. */
  readonly after: string | null
  /** Most items of this page. */
  readonly limit: number
}

export type PreviewItem = {
  readonly effectId: string
  readonly eventId: string
  readonly kind: string
  readonly title: string
  readonly outcome: Outcome
  readonly touchesWorld: boolean
  /** Null: it has not ended. */
  readonly ending: Ending | null
  readonly dueAt: Date
}

export type Preview = {
  /** Those events of this page that the cancel would call off. */
  readonly eventIds: readonly string[]
  readonly items: readonly PreviewItem[]
  /** Null: there is no more. A page may have fewer items than were asked for, and still have more behind it. */
  readonly after: string | null
}

/** How many events one page walks at most. */
const MAX_EVENTS = 1000
/** The effects of so many events are read at once. It is a small number, so that little is read that the page does not show. */
const AT_ONCE = 100

const FIRST = '00000000-0000-0000-0000-000000000000'
const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

type Row = {
  readonly id: string
  readonly link: Link
  readonly cancellation_id: string | null
  readonly has_children: boolean
}

/** An event of the walk; `kept`: it hangs from the target by a `keep` link, itself or through a parent. */
type Visit = Pick<Row, 'id' | 'cancellation_id'> & { readonly kept: boolean }

/** The children of one event that are still to be walked. `parent` null: the targets themselves. */
type Level = {
  readonly parent: string | null
  readonly kept: boolean
  after: string
  /** Children that are read and not walked yet. */
  readonly next: Row[]
  hasMore: boolean
}

type EffectRow = {
  id: string
  event_id: string
  kind: string
  title: string
  keep: boolean
  touches_world: boolean
  due_at: Date
  ending: Ending | null
  cancelled_by: string | null
  started: boolean
  doubt: boolean
}

/** Null: `after` is not a position below this target, or is not one any more. */
export async function previewCancel(context: Context, request: PreviewRequest): Promise<Preview | null> {
  const start = await startOf(context, request)
  if (start === null) return null
  const { levels } = start
  let batch: readonly Visit[] = start.first
  let after = start.effectAfter
  let events = 0
  const eventIds: string[] = []
  const items: PreviewItem[] = []
  for (;;) {
    if (batch.length === 0) batch = await walk(context, request, levels, AT_ONCE)
    const last = batch.at(-1)
    if (!last) return { eventIds, items, after: null }
    const covered = await coveredBy(context, batch)
    const room = request.limit - items.length
    const effects = await effectsOf(context, batch, { after, limit: room + 1 })
    const visits = new Map(batch.map(visit => [visit.id, visit]))
    for (const row of effects.slice(0, room))
      items.push(itemOf(row, visits.get(row.event_id) as Visit, { context, covered }))
    const stoppedAt = effects.length > room ? items.at(-1) : undefined
    for (const visit of batch) {
      const isCalledOff = !visit.kept && visit.cancellation_id === null && !covered.has(visit.id)
      // The first event may have been begun by the previous page, which has named it.
      if (isCalledOff && visit.id !== start.first[0]?.id) eventIds.push(visit.id)
      if (visit.id === stoppedAt?.eventId) break
    }
    if (stoppedAt) return { eventIds, items, after: positionOf(stoppedAt.eventId, stoppedAt.effectId) }
    events += batch.length
    if (events >= MAX_EVENTS || items.length >= request.limit) {
      const hasMore = (await walk(context, request, levels, 1)).length > 0
      return { eventIds, items, after: hasMore ? positionOf(last.id, LAST) : null }
    }
    batch = []
    after = FIRST
  }
}

/** The next events of the walk, at most `limit`, parents before their children. If it gives fewer, there are no more. */
async function walk(
  context: Context,
  request: PreviewRequest,
  levels: Level[],
  limit: number,
): Promise<readonly Visit[]> {
  const visits: Visit[] = []
  for (let level = levels.at(-1); level && visits.length < limit; level = levels.at(-1)) {
    if (level.next.length === 0 && level.hasMore) {
      const rows =
        level.parent === null
          ? await targets(context, request, level.after, limit)
          : await children(context, request, { parent: level.parent, after: level.after, limit })
      for (const row of rows) level.next.push(row)
      level.hasMore = rows.length === limit
    }
    const row = level.next.shift()
    if (!row) {
      levels.pop()
      continue
    }
    level.after = row.id
    const kept = level.kept || row.link === 'keep'
    visits.push({ id: row.id, cancellation_id: row.cancellation_id, kept })
    if (row.has_children) levels.push(levelOf(row.id, { kept, after: FIRST }))
  }
  return visits
}

type Start = { readonly levels: Level[]; readonly first: readonly Visit[]; readonly effectAfter: string }

async function startOf(context: Context, request: PreviewRequest): Promise<Start | null> {
  if (request.after === null)
    return { levels: [levelOf(null, { kept: false, after: FIRST })], first: [], effectAfter: FIRST }
  const position = readPosition(request.after)
  if (position === null) return null
  const path = await pathTo(context, request, position.eventId)
  const target = path[0]
  if (!target?.is_target) return null
  const levels = [levelOf(null, { kept: false, after: target.id })]
  let kept = false
  for (const [i, { id, link }] of path.entries()) {
    if (i > 0 && link === 'keep') kept = true
    levels.push(levelOf(id, { kept, after: path[i + 1]?.id ?? FIRST }))
  }
  const { id, cancellation_id } = path.at(-1) as PathRow
  const isWalked = position.effectId === LAST
  return {
    levels,
    first: isWalked ? [] : [{ id, cancellation_id, kept }],
    effectAfter: isWalked ? FIRST : position.effectId,
  }
}

function levelOf(parent: string | null, of: { readonly kept: boolean; readonly after: string }): Level {
  return { parent, ...of, next: [], hasMore: true }
}

function positionOf(eventId: string, effectId: string): string {
  return `${eventId}_${effectId}`
}

function readPosition(text: string): { readonly eventId: string; readonly effectId: string } | null {
  const [eventId = '', effectId = '', ...more] = text.split('_')
  if (!isGuid(eventId) || !isGuid(effectId) || more.length > 0) return null
  return { eventId: eventId.toLowerCase(), effectId: effectId.toLowerCase() }
}

function namesOf({ target }: PreviewRequest) {
  return 'eventId' in target
    ? { eventId: target.eventId, key: null, entity: null }
    : { eventId: null, key: target.key, entity: target.entity }
}

async function targets(context: Context, request: PreviewRequest, after: string, limit: number) {
  const { tenant } = request
  const { eventId, key, entity } = namesOf(request)
  return await context.db.query<Row>(sql('preview-targets'), [tenant, key, entity, eventId, after, limit])
}

async function children(
  context: Context,
  request: PreviewRequest,
  { parent, after, limit }: { readonly parent: string; readonly after: string; readonly limit: number },
) {
  const { key, entity } = namesOf(request)
  const values = [parent, after, limit, key, entity]
  return await context.db.query<Row>(sql('preview-children'), values)
}

type PathRow = { id: string; link: Link; cancellation_id: string | null; is_target: boolean }

/** The path to an event, from the target above it (or itself). */
async function pathTo(context: Context, request: PreviewRequest, id: string): Promise<readonly PathRow[]> {
  const { eventId, key, entity } = namesOf(request)
  const values = [id, request.tenant, eventId, key, entity]
  const rows = await context.db.query<PathRow>(sql('preview-path'), values)
  return rows.toReversed()
}

async function effectsOf(
  context: Context,
  visits: readonly Visit[],
  { after, limit }: { readonly after: string; readonly limit: number },
) {
  const ids = visits.map(visit => visit.id)
  return await context.db.query<EffectRow>(sql('preview-effects'), [ids, after, limit])
}

/** Those of these events that an open cancellation covers. */
async function coveredBy(context: Context, visits: readonly Visit[]): Promise<ReadonlySet<string>> {
  const ids = visits.map(visit => visit.id)
  const rows = await context.db.query<{ id: string }>(sql('covered-events'), [ids])
  return new Set(rows.map(row => row.id))
}

function itemOf(
  row: EffectRow,
  visit: Visit,
  { context, covered }: { readonly context: Context; readonly covered: ReadonlySet<string> },
): PreviewItem {
  const outcome = outcomeIfCancelled({
    ending: row.ending,
    isRunning: row.started,
    byEarlier: row.cancelled_by !== null,
    isCovered: covered.has(visit.id),
    isKept: visit.kept || row.keep,
    inDoubt: row.doubt,
    isAskable: isAskable(context, row.kind),
  })
  const {
    id: effectId,
    event_id: eventId,
    kind,
    title,
    touches_world: touchesWorld,
    ending,
    due_at: dueAt,
  } = row
  return { effectId, eventId, kind, title, touchesWorld, outcome, ending, dueAt }
}

/** What a cancel that came now would say of an effect in this state; see cancel-tree.ts. Pure. */
export function outcomeIfCancelled(effect: {
  readonly ending: Ending | null
  readonly isRunning: boolean
  /** Ended or asked to stop by an earlier cancel. */
  readonly byEarlier: boolean
  readonly isCovered: boolean
  readonly isKept: boolean
  /** An earlier attempt may have had its effect. */
  readonly inDoubt: boolean
  /** Its receiver can be asked how it went. */
  readonly isAskable: boolean
}): Outcome {
  if (effect.byEarlier) return 'already_cancelled'
  if (effect.ending !== null && !effect.inDoubt) return 'already_ended'
  // Its receiver is not asked and nothing is changed, but it may have had its effect.
  if (effect.ending !== null && (effect.isKept || effect.isCovered)) return 'in_doubt'
  if (effect.isKept) return 'kept'
  if (effect.isCovered) return 'already_cancelled'
  if (effect.isRunning) return 'stopping'
  if (!effect.inDoubt) return 'prevented'
  return effect.isAskable ? 'stopping' : 'in_doubt'
}
