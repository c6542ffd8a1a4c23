// A database as the version before the engine's new form (migration 9) left it: its schema, rows in its tables, and what it
// read of them.

import { makeId, type Shard, shardOfId } from '../../server/src/core/ids.ts'
import type { Database } from '../../server/src/store/database.ts'
import { migrate } from '../../server/src/store/migrate.ts'
import { knownMigrations } from '../../server/src/store/migrations.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { random } from '../support/engine.ts'

/** What came before migration 9. */
export const BEFORE = knownMigrations().filter(migration => migration.number < 9)

export async function databaseBefore(): Promise<TestDatabase> {
  const database = await testDatabase({ empty: true })
  await migrate(database.db, BEFORE)
  return database
}

export type EventBefore = {
  readonly id: string
  readonly tenant: string
  readonly root: string
  readonly line: readonly string[]
}

export type StateBefore =
  | {
      readonly is: 'pending'
      readonly dueIn?: string
      readonly attempt?: number
      readonly doubt?: boolean
      readonly error?: string
    }
  | {
      readonly is: 'running'
      /** Null: it waits for an answer from outside. */
      readonly worker: string | null
      readonly attempt?: number
      readonly doubt?: boolean
      readonly askedBy?: string
      readonly evidence?: object
    }
  | {
      readonly is: 'ended'
      readonly as: string
      readonly attempt?: number
      readonly by?: string
      readonly error?: string
      readonly evidence?: object
    }

type EffectOptions = {
  readonly kind?: string
  readonly title?: string
  readonly lane?: string
  readonly keep?: boolean
  readonly next?: readonly string[]
  readonly maxAttempts?: number
}

/** Writes rows as the version before did. Ids sort in the order of the calls. */
export class RowsBefore {
  readonly db: Database
  private made = 0

  constructor(db: Database) {
    this.db = db
  }

  private id(shard: Shard): string {
    this.made += 1
    return makeId(shard, Date.now() - 60_000 + this.made, random)
  }

  async insert(table: string, row: Readonly<Record<string, unknown>>): Promise<void> {
    const columns = Object.keys(row)
    await this.db.query(
      { text: `insert into engine.${table} (${columns}) values (${columns.map((_, i) => `$${i + 1}`)})` },
      Object.values(row),
    )
  }

  async event(
    shard: Shard,
    over: {
      readonly tenant?: string
      readonly title?: string
      readonly key?: string
      readonly entity?: string
      readonly under?: EventBefore
      readonly link?: 'cancel' | 'keep'
      readonly calledOffBy?: string
      readonly correlation?: string
    } = {},
  ): Promise<EventBefore> {
    const { under, tenant = under?.tenant ?? 'contoso', title = 'An event', link = 'cancel' } = over
    const id = this.id(shard)
    const root = under?.root ?? id
    const line = under && link === 'cancel' ? [id, ...under.line] : [id]
    await this.insert('event', {
      shard,
      id,
      tenant,
      kind: 'native.event',
      key: over.key ?? null,
      entity: over.entity ?? 'house',
      parent_id: under?.id ?? null,
      link,
      root_id: root,
      line,
      title,
      data: { of: title },
      correlation_id: over.correlation ?? null,
      created_at: new Date(),
      cancellation_id: over.calledOffBy ?? null,
    })
    return { id, tenant, root, line }
  }

  /** An effect of an event; `of` a cancellation's id: a notice. */
  async effect(of: EventBefore | string, state: StateBefore, over: EffectOptions = {}): Promise<string> {
    const event = typeof of === 'string' ? null : of
    const tenant = event?.tenant ?? 'contoso'
    const { kind = 'mail.send', lane = '' } = over
    const shard = shardOfId(event?.id ?? (of as string))
    const id = this.id(shard)
    const dueIn = state.is === 'pending' ? (state.dueIn ?? '0') : '-1 minute'
    await this.db.query(
      {
        text: `insert into engine.effect (shard, id, tenant, event_id, notice_of, kind, title, lane, due_at, max_attempts, link, next, data)
          select $1, $2, $3, $4, $5, $6, $7, $8, now() + $9::interval + coalesce((select clock_offset from engine.tenant where id = $3), '0'),
            $10, $11, $12, $13`,
      },
      [
        shard,
        id,
        tenant,
        event?.id ?? null,
        event ? null : of,
        kind,
        over.title ?? `${kind} ${this.made}`,
        lane,
        dueIn,
        over.maxAttempts ?? 10,
        over.keep ? 'keep' : 'cancel',
        over.next ?? [],
        { to: 'b', a: [1, null] },
      ],
    )
    const its = { shard, effect_id: id, event_id: event?.id ?? null, tenant }
    if (state.is === 'pending')
      await this.insert('pending', {
        ...its,
        due_at: (await this.db.query<{ at: Date }>({ text: 'select now() + $1::interval as at' }, [dueIn]))[0]
          ?.at,
        lane: `${tenant} ${kind} ${lane}`,
        kind,
        attempt: state.attempt ?? 1,
        doubt: state.doubt ?? false,
        last_error: state.error ?? null,
      })
    else if (state.is === 'running')
      await this.insert('running', {
        ...its,
        kind,
        attempt: state.attempt ?? 1,
        doubt: state.doubt ?? false,
        worker: state.worker,
        started_at: new Date(),
        cancellation_id: state.askedBy ?? null,
        evidence: state.evidence ?? null,
      })
    else
      await this.insert('ended', {
        ...its,
        ending: state.as,
        at: new Date(),
        attempt: state.attempt ?? 1,
        cancellation_id: state.by ?? null,
        error: state.error ?? null,
        evidence: state.evidence ?? null,
      })
    return id
  }

  /** `at`: how long ago, as an interval; a receipt is final 30 s later. */
  async cancellation(
    shard: Shard,
    over: Readonly<Record<string, unknown>> = {},
    ago = '1 hour',
  ): Promise<string> {
    const id = this.id(shard)
    const row = {
      shard,
      id,
      tenant: 'contoso',
      caller: 'app:a',
      caller_api: 'native',
      caller_name: 'A',
      ...over,
    }
    const columns = Object.keys(row)
    await this.db.query(
      {
        text: `insert into engine.cancellation (${columns}, at, final_by)
          values (${columns.map((_, i) => `$${i + 2}`)}, now() - $1::interval, now() - $1::interval + interval '30 seconds')`,
      },
      [ago, ...Object.values(row)],
    )
    return id
  }

  async item(
    cancellation: string,
    effect: string,
    outcome: string,
    over: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    await this.insert('receipt_item', {
      shard: shardOfId(effect),
      cancellation_id: cancellation,
      effect_id: effect,
      outcome,
      ...over,
    })
  }

  /** A process; `left`: what is left of its lease. */
  async worker(id: string, left: string): Promise<void> {
    await this.db.query(
      {
        text: `insert into engine.worker (id, alive_until, host, pid) values ($1, clock_timestamp() + $2::interval, 'old-host', 4711)`,
      },
      [id, left],
    )
  }
}

export type ReadBefore = {
  readonly items: readonly Readonly<Record<string, unknown>>[]
  readonly events: readonly Readonly<Record<string, unknown>>[]
  readonly notices: readonly Readonly<Record<string, unknown>>[]
  readonly notes: readonly Readonly<Record<string, unknown>>[]
}

/** What the version before showed of a receipt, by the statements with which it read. */
export async function readBefore(db: Database, id: string): Promise<ReadBefore> {
  const read = (text: string) => db.query<Record<string, unknown>>({ text }, [id])
  return {
    items: await read(`
      select i.effect_id as "effectId", f.event_id as "eventId", f.kind, f.title, i.outcome, i.ending, i.at,
        f.due_at as "dueAt", case when i.error is null then i.evidence else coalesce(i.evidence, '{}') || jsonb_build_object('error', i.error) end as evidence,
        case when i.outcome in ('prevented', 'stopping', 'stopped', 'too_late', 'in_doubt') then f.next else '{}' end as next,
        i.by_cancellation as "cancellationId"
      from (
        select d.shard, d.effect_id, d.ending as outcome, null::text as ending, d.at, d.evidence, d.error, null::uuid as by_cancellation
        from engine.ended d where d.cancellation_id = $1
        union all
        select r.shard, r.effect_id, 'stopping', null, null, r.evidence, null, null
        from engine.running r where r.cancellation_id = $1
        union all
        select n.shard, n.effect_id, n.outcome, n.ending, n.at, n.evidence, null, n.by_cancellation
        from engine.receipt_item n where n.cancellation_id = $1
      ) i
      join engine.effect f on f.shard = i.shard and f.id = i.effect_id
      order by i.effect_id`),
    events: await read(`
      select e.id, e.kind, e.title, e.key, e.birth > c.birth as met
      from engine.event e join engine.cancellation c on c.id = $1 where e.cancellation_id = $1 order by e.birth`),
    notices: await read(`
      select f.id as "effectId", f.kind, f.title, coalesce(d.ending, case when r.started_at is null then 'pending' else 'running' end) as state,
        d.at, case when d.error is null then d.evidence else coalesce(d.evidence, '{}') || jsonb_build_object('error', d.error) end as evidence
      from engine.effect f
      left join engine.ended d on d.effect_id = f.id
      left join engine.running r on r.effect_id = f.id
      where f.notice_of = $1 order by f.birth`),
    notes: await read(`
      select n.at, n.effect_id as "effectId", n.text, n.evidence from engine.receipt_note n where n.cancellation_id = $1 order by n.at`),
  }
}

/**
 * SQL that fills the old tables with `events` events, each with one mail: as many that wait, and for every ten of them one
 * that was delivered and one that was called off by a cancellation of its own.
 */
export function manyEvents(events: number): string {
  // Ids as the engine makes them: the time first, the shard in its place. `kind` keeps those of different tables apart.
  const id = (kind: number) =>
    `(lpad(to_hex(1750000000000 + n), 12, '0') || '8${kind}' || lpad(to_hex(n % 256), 2, '0') || '8000' || lpad(to_hex(n), 12, '0'))::uuid`
  const [eventId, effectId, cancellationId] = [id(1), id(2), id(3)]
  const all = `generate_series(1, ${Math.floor(events * 1.2)}) n`
  const waiting = `generate_series(1, ${events}) n`
  const delivered = `generate_series(${events + 1}, ${Math.floor(events * 1.1)}) n`
  const calledOff = `generate_series(${Math.floor(events * 1.1) + 1}, ${Math.floor(events * 1.2)}) n`
  const data = `jsonb_build_object('to', 'person-' || n || '@example.com', 'subject', 'Your appointment', 'text', repeat('words ', 20))`
  return `
    insert into engine.event (shard, id, tenant, kind, key, entity, root_id, line, title, data, created_at)
    select n % 256, ${eventId}, 'contoso', 'native.event', 'order-' || n, 'order-' || n, ${eventId}, array[${eventId}], 'An order',
      '{"number": 1}', now() from ${all};
    insert into engine.effect (shard, id, tenant, event_id, kind, title, lane, due_at, max_attempts, data)
    select n % 256, ${effectId}, 'contoso', ${eventId}, 'mail.send', 'Tell the customer', 'example.com', now() + n * interval '1 second',
      10, ${data} from ${all};
    insert into engine.pending (shard, effect_id, due_at, tenant, lane, kind, event_id)
    select n % 256, ${effectId}, now() + n * interval '1 second', 'contoso', 'contoso mail.send example.com', 'mail.send', ${eventId}
    from ${waiting};
    insert into engine.ended (shard, effect_id, event_id, tenant, ending, at, attempt, evidence)
    select n % 256, ${effectId}, ${eventId}, 'contoso', 'done', now(), 1, '{"reply": "250 ok"}' from ${delivered};
    insert into engine.cancellation (shard, id, tenant, target_event, caller, caller_api, caller_name, at, final_by)
    select n % 256, ${cancellationId}, 'contoso', ${eventId}, 'app:a', 'native', 'A', now(), now() from ${calledOff};
    update engine.event e set cancellation_id = c.id from engine.cancellation c where e.id = c.target_event;
    insert into engine.ended (shard, effect_id, event_id, tenant, ending, at, attempt, cancellation_id)
    select n % 256, ${effectId}, ${eventId}, 'contoso', 'prevented', now(), 0, ${cancellationId} from ${calledOff};
  `
}
