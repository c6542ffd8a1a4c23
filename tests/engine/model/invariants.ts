// What must hold of a database once everything in it has ended, whatever came before: I1, I2, I3 and I7, judged from the
// rows and from the test's own record of what started when.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Database, Queries } from '../../../server/src/store/database.ts'

/** What a test saw, in the order in which it heard of the commits. */
export type Seen =
  /** `askedAt`: when the start was sent, on the clock of `heardAt`; where one of the two is missing, all was heard of in the order of the commits. */
  | { readonly saw: 'start'; readonly effectId: string; readonly attempt: number; readonly askedAt?: number }
  | { readonly saw: 'cancel'; readonly receiptId: string; readonly heardAt?: number }
  /** Counts its attempts from one again. */
  | { readonly saw: 'retry by hand'; readonly effectId: string }

type Row = Record<string, unknown>

/** Under a name, so that a connection plans it once: most of the time of these statements is the planner's. */
function prepared(text: string): { readonly name: string; readonly text: string } {
  return { name: `check-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`, text }
}

async function none(db: Queries, what: string, text: string, values: readonly unknown[] = []): Promise<void> {
  const rows = await db.query<Row>(prepared(text), values)
  assert.deepEqual(rows.slice(0, 5), [], what)
}

/** The events that each cancellation is about: its target, what it called off, and all below; `kept`: below a keep link. */
const TREES = `
  with recursive tree as (
    select c.id as cancellation, e.id, false as kept
    from engine.cancellation c
    join engine.event e on e.tenant = c.tenant and (e.id = c.target_event or e.cancellation_id = c.id)
    union
    select t.cancellation, e.id, t.kept or e.link = 'keep'
    from tree t join engine.event e on e.parent_id = t.id
  ), trees as (select cancellation, id, bool_and(kept) as kept from tree group by cancellation, id)`

const ITEMS = `
  items as (
    select cancellation_id, id as effect_id, ending as outcome from engine.ended where cancellation_id is not null
    union all
    select cancellation_id, id, 'stopping' from engine.effect where cancellation_id is not null
    union all
    select c.id, (p.item ->> 'id')::uuid, 'prevented' from engine.cancellation c cross join lateral json_array_elements(c.prevented) as p (item)
    where c.prevented is not null
    union all
    -- Kept, and in doubt since it ended: this cancel did not end it.
    select cancellation_id, effect_id, case outcome when 'in_doubt' then 'already_ended' else outcome end from engine.receipt_item
  ), everything as (
    select id, event_id, title, keep, case when state = 'pending' then 'pending' else 'started' end as stands, cancellation_id from engine.effect
    union all
    select id, event_id, title, keep, 'ended', cancellation_id from engine.ended
    union all
    select (p.item ->> 'id')::uuid, (p.item ->> 'event_id')::uuid, p.item ->> 'title', false, 'ended', c.id
    from engine.cancellation c cross join lateral json_array_elements(c.prevented) as p (item) where c.prevented is not null
  )`

type Judged = {
  /** Effects that had been announced before any cancel of the test. */
  readonly knownBefore?: readonly string[]
  /** Whether everything has ended. Default true. */
  readonly settled?: boolean
}

export async function checkInvariants(
  db: Database,
  seen: readonly Seen[],
  options: Judged = {},
): Promise<void> {
  await db.transaction('check', async tx => {
    // The planner knows nothing of how large the trees are; our connections forbid it all but nested loops.
    await tx.query({ text: 'set local enable_hashjoin = on' })
    await tx.query({ text: 'set local enable_nestloop = off' })
    await check(tx, seen, options)
  })
}

async function check(
  db: Queries,
  seen: readonly Seen[],
  { knownBefore = [], settled = true }: Judged,
): Promise<void> {
  await none(
    db,
    'I7: an effect stands in one place',
    `with ${ITEMS} select id, array_agg(stands) as stands from everything group by id having count(*) > 1`,
  )
  await none(
    db,
    'a start has an id and what is pending has none',
    `select id, state, start_id from engine.effect
     where (state = 'pending' and (start_id is not null or worker is not null)) or (state = 'running' and start_id is null)`,
  )
  await none(
    db,
    'what lives in the database is never in doubt',
    `select id, kind from engine.effect where doubt and not touches_world
     union all select id, kind from engine.ended where doubt and not touches_world`,
  )
  if (settled) {
    await none(db, 'I7: everything ends', 'select f.id, f.title from engine.effect f')
    await none(db, 'no open cancellation is left', 'select * from engine.open_cancellation')
  }
  await none(
    db,
    'I3: nothing waits or runs under a cancelled event as if it were live',
    `select f.id, f.title from engine.effect f
     join engine.event e on e.id = f.event_id and e.cancellation_id is not null
     where not f.keep and f.cancellation_id is null`,
  )
  await none(
    db,
    'I3: nothing is announced under an event after its cancellation',
    `select e.title, e.sequence, c.sequence from engine.event e join engine.event p on p.id = e.parent_id
       join engine.cancellation c on c.id = p.cancellation_id and e.sequence > c.sequence`,
  )
  await none(
    db,
    'I3: no live child hangs by a cancel link from a cancelled event',
    `select c.id, c.title from engine.event c join engine.event p on p.id = c.parent_id
     where c.link = 'cancel' and c.cancellation_id is null and p.cancellation_id is not null`,
  )
  await none(
    db,
    'I2: an item stands in a receipt once',
    `with ${ITEMS} select cancellation_id, effect_id, array_agg(outcome) as outcomes from items group by 1, 2 having count(*) > 1`,
  )
  await none(
    db,
    'I2: every effect of the tree stands in the receipt',
    `${TREES}, ${ITEMS}
     select c.id as cancellation, f.id, f.title, t.kept from trees t
     join engine.cancellation c on c.id = t.cancellation
     join everything f on f.event_id = t.id and (not t.kept or f.id = any ($1::uuid[]))
     where not exists (select from items i where i.cancellation_id = c.id and i.effect_id = f.id)`,
    [knownBefore],
  )
  // By key: what an open cancellation covers is not this one's to mark, but stands in it, with all that is below the key.
  await none(
    db,
    'I2: nothing else stands in the receipt',
    `${TREES}, ${ITEMS}, strays as materialized (
       select i.*, f.title, f.event_id, c.target_key
       from items i join everything f on f.id = i.effect_id join engine.cancellation c on c.id = i.cancellation_id
       where not exists (select from trees t where t.cancellation = i.cancellation_id and t.id = f.event_id)
     )
     select * from strays s where not exists (
       with recursive up as (
         select e.parent_id, e.key from engine.event e where e.id = s.event_id
         union all
         select e.parent_id, e.key from up join engine.event e on e.id = up.parent_id
       ) select from up where up.key = s.target_key)`,
  )
  await none(
    db,
    'I2: only what is linked so is kept',
    `with ${ITEMS}
     select i.*, f.title from items i join everything f on f.id = i.effect_id join engine.event e on e.id = f.event_id
     where i.outcome = 'kept' and not f.keep and e.root_id = any (e.cancel_path)`,
  )
  await none(
    db,
    'I2: what was called off before names the earlier cancellation, which has it',
    `with ${ITEMS}
     select n.cancellation_id, n.effect_id, n.by_cancellation from engine.receipt_item n
     left join items i on i.cancellation_id = n.by_cancellation and i.effect_id = n.effect_id
       and i.outcome not in ('kept', 'already_cancelled')
     where n.outcome = 'already_cancelled'
       and (n.by_cancellation is null or n.by_cancellation = n.cancellation_id or i.effect_id is null)`,
  )
  await none(
    db,
    'I2: an effect has one cancel that stopped it, at most',
    `with ${ITEMS} select effect_id, array_agg(outcome) as outcomes from items
     where outcome not in ('already_ended', 'kept', 'already_cancelled') group by 1 having count(*) > 1`,
  )
  await checkStarts(db, seen)
}

/**
 * I1: after the commit of a cancel, nothing that it covers starts; and what it prevented had no more attempts than it says. PostgreSQL lets go
 * of a start's locks before it answers: a cancel that waited for them, and says that it found the effect running, may be heard of first.
 * A start is only taken for such a one when it was under way when the cancel was heard of, is no attempt that had been heard of before, and
 * the receipt says that the effect ran.
 */
async function checkStarts(db: Queries, seen: readonly Seen[]): Promise<void> {
  const covered = await db.query<{ cancellation: string; effect: string; title: string; ran: boolean }>(
    prepared(`${TREES}, ${ITEMS} select t.cancellation, f.id as effect, f.title,
        exists (select from items i where i.cancellation_id = t.cancellation and i.effect_id = f.id
          and i.outcome in ('stopping', 'stopped', 'too_late', 'in_doubt')) as ran
      from trees t join everything f on f.event_id = t.id where not t.kept and not f.keep`),
  )
  const by = Map.groupBy(covered, row => row.cancellation)
  const off = new Map<string, { readonly title: string; readonly ran: boolean; readonly heardAt: number }>()
  const attempts = new Map<string, number>()
  for (const event of seen) {
    if (event.saw === 'cancel') {
      for (const row of by.get(event.receiptId) ?? [])
        if (!off.has(row.effect)) off.set(row.effect, { ...row, heardAt: event.heardAt ?? 0 })
    } else if (event.saw === 'retry by hand') attempts.delete(event.effectId)
    else {
      const called = off.get(event.effectId)
      const wasUnderWay =
        called !== undefined && (event.askedAt ?? Number.POSITIVE_INFINITY) <= called.heardAt
      const isLate = called?.ran && wasUnderWay && attempts.get(event.effectId) !== event.attempt
      assert.ok(!called || isLate, `I1: ${called?.title} started after the commit of its cancel`)
      attempts.set(event.effectId, event.attempt)
    }
  }
  const prevented = await db.query<{ effect_id: string; attempt: number }>(
    prepared(`select id as effect_id, attempt from engine.ended where ending = 'prevented'`),
  )
  for (const { effect_id, attempt } of prevented) {
    assert.ok(
      // One more: an attempt that its process gave back untouched, at a stop, counts as none.
      (attempts.get(effect_id) ?? 0) <= attempt + 1,
      `I1: ${effect_id} was prevented after ${attempt} attempts, but more started`,
    )
  }
}
