// The SQL of this room, by the names of its files.
//
// Three patterns are written out in many statements. They are repeated on purpose: PostgreSQL does not inline every SQL function, and a call that is not inlined hides the tables from the
// planner (tests/engine/plans.test.ts holds the plans).
//
// - Covered by an open cancellation (I10): the event, or an event of its cancel path, is the target of a row of
//   engine.open_cancellation, and was announced before it: `o.tenant = e.tenant and a.sequence <= o.sequence_limit and
//   (a.id = o.target_event or (a.key = o.target_key and a.entity = o.target_entity))`, where a is each event of e.cancel_path.
// - The tenant's clock: `left join engine.tenant t on t.id = … and t.sandbox`, then `+ coalesce(t.clock_offset, '0')`. A sandbox's clock
//   runs ahead by its offset; every other tenant has the database's clock, and no row is joined.
// - The shard of an id: `('x' || substr(id::text, 17, 2))::bit(8)::int` reads it out of the id, as shardOfId does (core/ids.ts).
//
// `$1 now` is null in production: the statement then takes clock_timestamp(). Only tests pass a time.

import { statements } from '../store/statements.ts'

export const sql = statements(import.meta.url)
