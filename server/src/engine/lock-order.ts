// The one order in which locks are taken, first to last. Every statement file that locks begins with `-- Locks: …` and entries of this list, in this order; tests/engine/lock-order.test.ts
// checks it. A transaction takes locks in this order, and locks of one entry in the order of ids (or of numbers). So no two transactions
// wait for each other.
//
// A lock that is taken against the order is taken with `skip locked`, which does not wait. Two batches of effects can still deadlock;
// PostgreSQL finds that, and the victim, which has done nothing, is run again.

export const LOCK_ORDER = [
  // Advisory, by a hash of tenant and key: an announcement and an early cancellation of the same key wait for each other here.
  'key gates',
  // Advisory, by shard: shared by everybody, taken exclusively by an open cancellation.
  'shard gates',
  // The row that keeps everything from being started. Only placing, releasing or ending a hold locks it.
  'hold',
  // A start holds its process's ticket until its commit.
  'start tickets',
  'start batches',
  // Shared by transactions that write effects of the tenant; a step of its clock takes it exclusively.
  'sandbox tenants',
  'open cancellations',
  'events',
  'effects',
  'ended effects',
] as const

export type LockPlace = (typeof LOCK_ORDER)[number]
