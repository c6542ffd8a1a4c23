// A database as the version before the engine's new form (migration 9) left it, and rows in that version's tables.

import { migrate } from '../../server/src/store/migrate.ts'
import { knownMigrations } from '../../server/src/store/migrations.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

/** What came before migration 9. */
export const BEFORE = knownMigrations().filter(migration => migration.number < 9)

export async function databaseBefore(): Promise<TestDatabase> {
  const database = await testDatabase({ empty: true })
  await migrate(database.db, BEFORE)
  return database
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
