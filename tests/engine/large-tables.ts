// Rows as the engine writes them, in every table, as many as one wants: what plans are made on.

export const ROWS = 200_000

const idOf = (n: string) =>
  `('00000000-0000-80' || lpad(to_hex((${n}) % 256), 2, '0') || '-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`
const ID = idOf('n')
export const id = (n: number) =>
  `00000000-0000-80${(n % 256).toString(16).padStart(2, '0')}-8000-${n.toString(16).padStart(12, '0')}`
/** `oneParent`: ninety-nine in a hundred events are children of one; else each hangs below another, or below none. */
export const fill = (rows: number, oneParent = false) => `
  insert into engine.event (shard, id, sequence, tenant, kind, key, entity, parent_id, root_id, cancel_path, title, data, created_at, cancellation_id, correlation_id)
  select n % 256, ${ID}, n, 'contoso', 'k', 'key ' || n, 'e',
    ${oneParent ? `case when n % 100 <> 0 then '${id(100)}'::uuid end` : `case when n % 4 = 0 and n > 256 then ${idOf('n - 256')} end`},
    ${ID}, array[${ID}], 't', '{}', now(), case when n % 10 = 0 then ${ID} end, 'c ' || n
  from generate_series(1, ${rows}) n;
  insert into engine.alias select n % 256, 'contoso', 'alias ' || n, n % 256, ${ID} from generate_series(1, ${rows / 10}) n;
  insert into engine.effect (shard, id, event_id, due_at, due_shown, start_id, worker, cancellation_id, max_attempts, state, touches_world, tenant, kind, lane, title, data)
  select n % 256, ${ID}, ${ID}, now() + n * interval '1 s', now(), case when n % 20 = 1 then ${ID} end, case when n % 20 = 1 then '${id(1)}'::uuid end,
    case when n % 1800 = 1 then ${ID} end, 3, case when n % 20 = 1 then 'running' else 'pending' end::engine.effect_state, true,
    'contoso', 'mail', 'contoso mail ', 't', '{}' from generate_series(1, ${rows}) n where n % 2 = 0 or n % 20 = 1;
  insert into engine.ended (shard, id, event_id, at, due_shown, attempt, max_attempts, touches_world, keep, tenant, ending, kind, lane, title, data, cancellation_id)
  select n % 256, ${ID}, ${ID}, now(), now(), 1, 3, true, false, 'contoso', 'prevented', 'mail', 'contoso mail ', 't', '{}', ${ID}
  from generate_series(1, ${rows}) n where n % 2 = 1 and n % 20 <> 1;
  insert into engine.start_batch select ${ID}, ${ID}, array[${ID}] from generate_series(1, ${rows / 100}) n;
  insert into engine.cancellation (shard, id, sequence, tenant, target_key, target_entity, caller, caller_api, caller_name, at, final_by, correlation_id, request_key)
  select n % 256, ${ID}, n, 'contoso', 'key ' || n, 'e', 'app:a', 'native', 'a', now(), now(), 'c ' || n, 'r ' || n from generate_series(1, ${rows / 2}) n;
  insert into engine.receipt_item (shard, cancellation_id, effect_id, outcome)
  select n % 256, ${ID}, ${ID}, 'kept' from generate_series(1, ${rows / 4}) n;
  insert into engine.receipt_event (cancellation_id, event_id, shard, how)
  select ${idOf('n % 1000')}, ${ID}, n % 256, 'called_off' from generate_series(1, ${rows / 4}) n;
  insert into engine.request_key (shard, tenant, caller, key, fingerprint, at)
  select n % 256, 'contoso', 'app:a', 'r ' || n, 'f', now() - n * interval '1 s' from generate_series(1, ${rows / 4}) n;
`
