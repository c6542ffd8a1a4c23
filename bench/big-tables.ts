// Large tables for the lists: written as rows, since to announce and run ten million would take hours. One large tenant beside a
// small one; a few apps of very different sizes; nine in ten events are over, some were called off, few died or are running.

import type { Database } from '../server/src/store/database.ts'
import { TENANT } from './stand.ts'

export const SMALL_TENANT = 'small'
/** Of the large tenant, the last of them with one event in ten thousand. */
export const APPS = [
  '10000000-0000-4000-8000-000000000001',
  '10000000-0000-4000-8000-000000000002',
  '10000000-0000-4000-8000-000000000003',
] as const
export const LARGE_TABLES: ReadonlySet<string> = new Set(['event', 'effect', 'ended', 'cancellation'])

const AT_ONCE = 100_000
const MONTH_MS = 2_592_000_000

/** An id as the engine makes them: by age, here one for each millisecond. */
const ID = (n: string) =>
  `(lpad(to_hex(1760000000000 + ${n}), 12, '0') || '80' || lpad(to_hex(${n} % 256), 2, '0') || '8000' || lpad(to_hex(${n}), 12, '0'))::uuid`

export async function fillTables(
  db: Database,
  rows: number,
  progress: (done: number) => void,
): Promise<void> {
  for (let from = 1; from <= rows; from += AT_ONCE) {
    const until = Math.min(rows, from + AT_ONCE - 1)
    await db.query({ text: script(from, until) })
    progress(until)
  }
  await db.query({ text: 'vacuum (analyze)' })
}

function script(from: number, until: number): string {
  return `
    insert into engine.event (shard, id, tenant, kind, key, bare_key, entity, root_id, cancel_path, title, data, created_at, cancellation_id, app, api)
    select n % 256, i.id, case when n % 5000 = 7 then '${SMALL_TENANT}' else '${TENANT}' end, k.kind, k.kind || ' ' || n, 'order-' || n, 'order-' || n,
      i.id, array[i.id], 'Order ' || n,
      json_build_object('data', json_build_object('customer', 'somebody ' || n, 'note', repeat('x', 100))), now(),
      case when n % 20 = 3 then i.id end,
      case when n % 10000 = 9 then '${APPS[2]}' when k.kind = 'automations.activation' then '${APPS[0]}' when n % 7 = 0 then '${APPS[1]}' end, null
    from generate_series(${from}, ${until}) n
    cross join lateral (select ${ID('n')} as id) i
    cross join lateral (select case when n % 100 = 1 then 'calendar.meeting' when n % 3 = 0 then 'native.event' else 'automations.activation' end as kind) k;
    insert into engine.effect (shard, id, event_id, due_at, due_shown, max_attempts, state, touches_world, tenant, kind, lane, title, data, last_error)
    select n % 256, i.id, i.id, d.at, d.at, 3, case when n % 1000 = 10 then 'waiting' else 'pending' end::engine.effect_state, true, t.id, 'webhook.call',
      t.id || ' webhook.call hooks-' || n % 50 || '.example', 'Webhook', json_build_object('url', 'https://hooks-' || n % 50 || '.example/'),
      case when n % 500 = 10 then 'connection refused' end
    from generate_series(${from}, ${until}) n
    cross join lateral (select ${ID('n')} as id) i
    cross join lateral (select case when n % 5000 = 7 then '${SMALL_TENANT}' else '${TENANT}' end as id) t
    cross join lateral (select case when n % 1000 = 10 then 'infinity' else now() + (n::bigint * 7919 % ${MONTH_MS}) * interval '1 ms' end as at) d
    where n % 10 = 0;
    insert into engine.ended (shard, id, event_id, at, due_shown, attempt, max_attempts, touches_world, keep, tenant, ending, kind, lane, title, data, error)
    select n % 256, i.id, i.id, now() + n * interval '1 ms', now(), 1, 3, true, false, t.id,
      case when n % 1000 = 1 then 'dead' when n % 50 = 2 then 'skipped' else 'done' end, 'mail.send', t.id || ' mail.send mail.example', 'Mail',
      '{"to": "bob@mail.example"}', case when n % 1000 = 1 then 'no such host' end
    from generate_series(${from}, ${until}) n
    cross join lateral (select ${ID('n')} as id) i
    cross join lateral (select case when n % 5000 = 7 then '${SMALL_TENANT}' else '${TENANT}' end as id) t
    where n % 10 <> 0 and n % 20 <> 3;`
}
