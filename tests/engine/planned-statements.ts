// Every statement that a request or the runner sends, with values at hand, the index that it must go by, and how far along it.

import { id } from './large-tables.ts'

const some = Array.from({ length: 50 }, (_, i) => 1000 + i * 37)
export const ids = some.map(id)
const shards = some.map(n => n % 256)
const same = <T>(value: T) => some.map(() => value)
const keys = some.map(n => `key ${n}`)
export const NEVER = '2030-01-01'
const NOBODY = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** Of walk-events: one stream of each sort, and these filters by their place. */
export function walkValues(filters: { readonly [place: number]: unknown }): readonly unknown[] {
  const values = ['contoso', NOBODY, 10_000, 51, [1, null], [2, null], [null, 'e'], ids]
  return [...values, ...Array.from({ length: 11 }, (_, i) => filters[i + 9] ?? null)]
}

export const STATEMENTS: {
  readonly [name: string]: {
    readonly values: readonly unknown[]
    readonly by?: string
    bound?: string
    walks?: string
  }
} = {
  start: {
    values: [null, id(1), id(2), id(3), 1000, '{}', ['mail'], '{"mail": 100}', '{}', 2000],
    by: 'effect_due',
    bound: 'due_at',
  },
  'next-due': { values: [null, '{}', ['mail'], '{}'], by: 'effect_due', bound: 'due_at' },
  'hold-mark-lost': { values: [null], walks: 'start_batch_pkey' },
  'hold-forget-released': { values: [], walks: 'effect_released' },
  'hold-doubt-overdue': { values: [null], by: 'effect_due', bound: 'due_at' },
  'hold-doubt-batch': { values: [null, '-infinity', id(0), 100], by: 'effect_due', bound: 'due_at' },
  'hold-doubt-waiting': { values: [], by: 'effect_due', bound: 'due_at' },
  'hold-items': {
    values: [null, 'contoso', null, ids[0], null, null, null, id(0), 100],
    by: 'event_pkey',
  },
  'hold-release-effects': { values: ['contoso', ids], by: 'effect_pkey' },
  'hold-drop-notices': { values: [null, 'contoso', ids, 'x', 5], by: 'effect_pkey' },
  'started-in-batch': { values: [id(1)], by: 'effect_pkey' },
  'read-started': { values: [ids], by: 'effect_pkey' },
  'forget-batches': { values: [ids], by: 'start_batch_pkey' },
  abandoned: { values: [id(1), id(0)], by: 'start_batch_worker' },
  settle: {
    values: [
      null,
      ids,
      ids,
      same('done'),
      same('too_late'),
      same(null),
      same(null),
      same(false),
      same(false),
      same(false),
    ],
    by: 'effect_pkey',
  },
  'back-to-pending': {
    values: [null, ids, ids, same(2), same(1000), same('x'), same(false), same(0)],
    by: 'effect_pkey',
  },
  // What was called off and still runs is little, and no more than that stands in this index.
  'must-stop': { values: [id(1), ids, ids], walks: 'effect_stopping' },
  'close-receipts': { values: [null, id(1000)], walks: 'effect_stopping' },
  'expired-workers': { values: [null], walks: 'start_batch_worker' },
  'note-late': { values: [null, ids, ids, same('x'), same(null)], by: 'ended_pkey' },
  'read-dead': { values: ['contoso', 100], by: 'ended_dead' },
  'read-effect': { values: [ids[0], 'contoso'], by: 'effect_pkey' },
  'find-dead': {
    values: ['contoso', null, 'x', null, null, null, null, '-infinity', id(0), NEVER, 100, 10_000],
    by: 'ended_dead',
  },
  'pending-owners': { values: ['contoso', ['k'], ['app']], by: 'effect_listed' },
  'pending-events': { values: ['contoso', ['k'], ['app'], ['k'], ['["a"]'], 100], by: 'event_pkey' },
  'mark-replaced': { values: [ids[0], 'contoso', ids[1]], by: 'ended_pkey' },
  'read-request-key': { values: [shards[0], 'contoso', 'app:a', 'r 1'], by: 'request_key_pkey' },
  'still-running': { values: [ids, ids], by: 'effect_pkey' },
  'locked-effects': { values: [ids], by: 'effect_pkey' },
  'leave-waiting': { values: [ids, ids, same(null), same(false), same(false)], by: 'effect_pkey' },
  'prevent-pending': { values: [null, ids, ids, same(false)], by: 'effect_pkey' },
  'request-stop': { values: [ids, ids], by: 'effect_pkey' },
  'doubt-ended': { values: [ids, ids, same(false)], by: 'ended_pkey' },
  'states-of-effects': { values: [ids] },
  'lock-events': { values: [ids], by: 'event_pkey' },
  'lock-parents': { values: [ids], by: 'event_pkey' },
  'lock-parents-free': { values: [ids], by: 'event_pkey' },
  'mark-events': { values: [ids, ids], by: 'event_pkey' },
  'covered-events': { values: [ids] },
  'find-targets': { values: [same('contoso'), keys, same('e'), same(null), 5000], by: 'event_key' },
  'find-requests': {
    values: [same('contoso'), same('app:a'), same(null), keys, same('e'), same(null), null],
    by: 'cancellation_key',
  },
  'take-early': { values: [null, ids], by: 'cancellation_pkey' },
  'find-early': { values: [null, same('contoso'), keys, same('e')], by: 'cancellation_early' },
  'find-children': { values: [ids, 5001], by: 'event_parent', bound: 'parent_id' },
  'effects-of-events': { values: [ids, 5001], by: 'effect_event' },
  supersede: { values: [null, ids[0]], by: 'effect_event' },
  revive: { values: [null, [ids[0]], 'contoso'], by: 'ended_pkey' },
  'announced-since': { values: ['contoso', keys[0], 'e', 5], by: 'event_key' },
  'is-called-off': { values: [same('contoso'), keys, same('e')], by: 'event_called_off' },
  'find-known': { values: ['contoso', 'app:a', keys, same('e'), same('r 1'), ['k']], by: 'event_called_off' },
  'open-roots-before': {
    values: ['contoso', keys[0], 'e', 0, 1_000_000, 2000, ids],
    by: 'event_called_off',
    bound: 'sequence',
  },
  'open-roots': { values: ['contoso', null, keys[0], 'e', 1_000_000, 2000, id(7)], by: 'event_key' },
  'open-parents': { values: [id(7), 0, 2000], by: 'receipt_event_order', bound: 'sequence' },
  'open-children': { values: [ids, id(0), 2000], by: 'event_parent', bound: 'id >' },
  'open-effects': {
    values: [null, id(7), ids, some, same('called_off'), id(0), 2000],
    by: 'effect_event',
    bound: 'id >',
  },
  'open-prevented-before': { values: [id(7), ids], by: 'event_pkey' },
  'open-mark-events': { values: [ids, id(7), ['k']], by: 'event_pkey' },
  'read-cancellation': { values: [null, ids[0], 'contoso'], by: 'cancellation_pkey' },
  'read-items': { values: [ids[0], 'contoso', id(0), 1001] },
  'count-items': { values: [ids[0]], by: 'ended_cancellation' },
  'read-notices': { values: [ids[0], 1000], by: 'effect_notice' },
  'read-receipt-events': { values: [ids[0], 1000], by: 'receipt_event_order' },
  'preview-children': { values: [ids[0], id(0), 1000, null, null], by: 'event_parent', bound: 'id >' },
  'preview-effects': { values: [ids, id(0), 1000], by: 'effect_event', bound: 'id >' },
  'preview-path': { values: [ids[0], 'contoso', ids[1], null, null], by: 'event_pkey' },
  'preview-targets': { values: ['contoso', keys[0], 'e', null, id(0), 1000], by: 'event_key' },
  'read-event': { values: [ids[0], 'contoso'], by: 'event_pkey' },
  'read-effects': { values: [ids[0], 'contoso'], by: 'effect_event' },
  'receipts-of-event': { values: ['contoso', ids[0], 20] },
  'receipts-of-keys': { values: ['contoso', keys, 20], by: 'cancellation_key' },
  'receipts-of-correlation': { values: ['contoso', 'c 1000', 20] },
  'receipts-recent': { values: ['contoso', 20], by: 'cancellation_recent' },
  'event-streams': { values: ['contoso', null, null], by: 'event_listed' },
  'event-details': { values: [ids, 'contoso', null], by: 'event_pkey' },
  'event-path': { values: [ids[0], 'contoso', 50], by: 'event_pkey' },
  'event-children': { values: [ids[0], 'contoso', id(0), 51], by: 'event_parent', bound: 'id >' },
  'read-effects-page': { values: [ids[0], 'contoso', id(0), 1001], by: 'effect_event', bound: 'id >' },
  'walk-due': {
    values: ['contoso', null, null, '-infinity', id(0), 51],
    by: 'effect_listed',
    bound: 'due_at',
  },
  'list-live-effects': {
    values: ['contoso', 'pending', '-infinity', id(0), 10_000, 51, null, null, null, null],
    by: 'effect_listed',
    bound: 'due_at',
  },
  'list-running-effects': { values: ['contoso', id(0), 51, null, null], by: 'start_batch_worker' },
  'list-dead-effects': { values: ['contoso', 'infinity', NOBODY, 10_000, 51, null, null], by: 'ended_dead' },
  'list-ended-effects': {
    values: ['contoso', 'done', NOBODY, 10_000, 51, null, null],
    by: 'ended_pkey',
    bound: 'id <',
  },
  // Three looks at a bounded number of rows, each along its index.
  backlog: { values: [null, 10_000], by: 'effect_due', bound: 'due_at' },
  'status-effects': { values: ['contoso', 10_000], by: 'effect_listed', bound: 'due_at' },
  // Each of its three sources by its own index: see below.
  'walk-events': { values: walkValues({}), by: 'event_listed', bound: 'id <' },
  'sweep-seeds': { values: [id(0), ids.at(-1), 100], by: 'event_pkey', bound: 'id >' },
  'sweep-finished': { values: [ids, NEVER], by: 'event_pkey' },
  'sweep-look': { values: [ids, same(true), NEVER, [], true, 2001], by: 'receipt_item_effect' },
  'sweep-lock': { values: [ids], by: 'event_pkey' },
  'sweep-notices': { values: [ids, NEVER, 2000], by: 'ended_notice' },
  'sweep-receipts': { values: [ids, NEVER], by: 'cancellation_pkey' },
  'sweep-effects': { values: [ids, NEVER, 2000], by: 'ended_event' },
  'sweep-events': { values: [ids, NEVER], by: 'event_pkey' },
  'sweep-aliases': { values: [shards, same('contoso'), keys, ids], by: 'alias_pkey' },
  'sweep-request-keys': { values: [null, 1000, 1000], by: 'request_key_age' },
}
