// Which rows and gates each statement of the engine locks: two that touch nothing in common can be run in either order.

/** Neither locks nor writes what another may see: what it finds depends on commits alone. */
const LOOKS = new Set([
  'find-requests',
  'find-targets',
  'find-children',
  'effects-of-events',
  'states-of-effects',
  'find-early',
  'covered-events',
  'expired-workers',
  'open-roots',
  'open-parents',
  'open-children',
  'open-tenants',
  'open-beside',
  'open-roots-before',
  'is-called-off',
  'tenant-now',
  'read-effect',
  'read-started',
  'still-running',
  'started-in-batch',
  'announced-since',
  'insert-effects',
  'insert-events',
  'insert-aliases',
  'insert-receipt-items',
  'open-found',
  'open-prevented-before',
  // Of a sandbox only, which these tenants are not.
  'lock-tenants',
])
/** What else locks, and which rows or gates. A statement that is not listed is taken to touch everything. */
const LOCKS: { readonly [statement: string]: readonly string[] } = {
  'key-gates-shared': ['key'],
  'gates-shared': ['gate'],
  'cancel-gates': ['key', 'gate'],
  'open-gates': ['key', 'gate'],
  'lock-events': ['event'],
  'lock-parents': ['event'],
  'lock-parents-free': ['event'],
  'mark-events': ['event'],
  'revise-event': ['event'],
  'prevent-pending': ['effect'],
  supersede: ['effect'],
  start: ['ticket', 'batch', 'effect'],
  'back-to-pending': ['effect'],
  'request-stop': ['effect'],
  settle: ['effect'],
  'locked-effects': ['effect'],
  'leave-waiting': ['effect'],
  'close-receipts': ['effect'],
  revive: ['effect'],
  'doubt-ended': ['effect'],
  'insert-cancellations': ['cancellation'],
  'take-early': ['cancellation'],
  'insert-open': ['open'],
  'take-open': ['open'],
  'open-mark-events': ['event', 'cancellation'],
  'open-effects': ['effect'],
  'open-children-after': ['open'],
  'open-effects-after': ['open', 'cancellation'],
  'close-open': ['open', 'cancellation'],
  'delete-tickets-of': ['ticket'],
  'claim-expired': ['worker'],
  'remove-dead-worker': ['worker', 'batch'],
  abandoned: ['batch'],
  'forget-batches': ['batch'],
}

export function independent(a: string, b: string): boolean {
  if (a === 'commit' || b === 'commit') return false
  if (LOOKS.has(a) || LOOKS.has(b)) return true
  const [left, right] = [LOCKS[a], LOCKS[b]]
  return left !== undefined && right !== undefined && !left.some(resource => right.includes(resource))
}
