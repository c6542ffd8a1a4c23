// The one order in which locks are taken, first to last. Every statement file that locks says `-- Locks: …` with places of
// this list, in this order; tests/engine/lock-order.test.ts compares. A transaction takes them in this order, and of one
// place in the order of ids (or of numbers): then nobody waits in a circle.
//
// Where something is taken against the order it is with `skip locked`, which does not wait. What two batches of effects
// still do to each other is a deadlock that PostgreSQL finds; the victim has done nothing and is run again.

export const LOCK_ORDER = [
  // Advisory, by a hash of tenant and key: an announce and an early cancellation of one key meet here.
  'key gates',
  // Advisory, by shard: shared by everybody, taken alone by an open cancellation.
  'shard gates',
  // The row that keeps everything from being started; only who places, releases or ends a hold takes it.
  'hold',
  // A start holds its process's ticket until its commit.
  'start tickets',
  'start batches',
  // Shared by whoever writes effects of the tenant; its clock takes it alone.
  'sandbox tenants',
  'open cancellations',
  'events',
  'effects',
  'ended effects',
] as const

export type LockPlace = (typeof LOCK_ORDER)[number]
