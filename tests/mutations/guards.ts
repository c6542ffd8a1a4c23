// The guards of the promise, each as the text that takes it away. `npm run mutations` removes one at a time from a copy
// and runs the tests named here until one of them fails; docs/guards.md is the result.

export type Guard = {
  /** What it keeps. */
  readonly keeps: string
  readonly file: string
  /** Stands there exactly once. */
  readonly text: string
  readonly without: string
  /** Files of tests/engine that are to notice, without ending. */
  readonly noticedBy: readonly string[]
  /** Narrows them, where one test takes long. */
  readonly pattern?: string
}

const SQL = 'server/src/engine/sql'
const ENGINE = 'server/src/engine'

export const GUARDS: readonly Guard[] = [
  {
    keeps:
      'the re-look: children born while a cancel waited for their parent are locked and looked under too',
    file: `${ENGINE}/cancel-tree.ts`,
    text: '        fresh.push(child.id)\n',
    without: '',
    noticedBy: ['receipt', 'interleavings'],
  },
  {
    keeps: 'the birth lock: a child is born under the locked row of its parent',
    file: `${SQL}/lock-parents.sql`,
    text: '\nfor share of e',
    without: '',
    noticedBy: ['interleavings'],
  },
  {
    keeps: 'the birth lock of settle and rescue',
    file: `${SQL}/lock-parents-free.sql`,
    text: '\nfor share of e skip locked',
    without: '',
    noticedBy: ['interleavings'],
  },
  {
    keeps: 'nothing is announced under a cancelled parent',
    file: `${ENGINE}/announce.ts`,
    text: 'if (a.parent && parent && parent.cancellation_id !== null)',
    without: 'if (a.parent && parent && parent.cancellation_id === undefined)',
    noticedBy: ['receipt', 'interleavings'],
  },
  {
    keeps: 'a cancel locks its events for itself: births wait for its commit',
    file: `${SQL}/lock-events.sql`,
    text: '\nfor update of e',
    without: '',
    noticedBy: ['interleavings'],
  },
  {
    keeps: 'the start takes the pending row: of a start and a cancel one finds nothing',
    file: `${SQL}/prevent-pending.sql`,
    text: '  delete from engine.pending p\n  using unnest',
    without: '  update engine.pending p set attempt = p.attempt from unnest',
    noticedBy: ['cancel', 'interleavings'],
  },
  {
    keeps: 'not before its time: a start looks at the due time again',
    file: `${SQL}/start.sql`,
    text: 'where p.due_at <= coalesce($1::timestamptz, clock_timestamp())\n    and',
    without: 'where true and',
    noticedBy: ['timers', 'model.property'],
  },
  {
    keeps: 'a start looks for open cancellations, after its gate',
    file: `${SQL}/start.sql`,
    text: 'where o.shard = p.shard and (a.id',
    without: 'where false and o.shard = p.shard and (a.id',
    noticedBy: ['interleavings', 'open-cancellation'],
    pattern: 'open',
  },
  {
    keeps: 'the gate: an open cancellation waits for the starts that are under way',
    file: `${SQL}/open-gates.sql`,
    text: 'select pg_advisory_xact_lock(7301, g)',
    without: 'select pg_advisory_xact_lock_shared(7301, g)',
    noticedBy: ['interleavings'],
    pattern: 'open',
  },
  {
    keeps: 'the lease check: only the worker that runs it writes how it ended',
    file: `${SQL}/settle.sql`,
    text: '    and ($2::uuid is null or r.worker = $2::uuid)\n',
    without: '',
    noticedBy: ['workers'],
  },
  {
    keeps: 'the fence: only the attempt that runs ends',
    file: `${SQL}/settle.sql`,
    text: '    and (s.attempt is null or r.attempt = s.attempt)\n',
    without: '',
    noticedBy: ['workers'],
  },
  {
    keeps: 'what was called off is never retried',
    file: `${ENGINE}/settle.ts`,
    text: "free.filter(p => p.step === 'retry' && kept(p))",
    without: "free.filter(p => p.step === 'retry')",
    noticedBy: ['receipt', 'interleavings'],
  },
  {
    keeps: 'an accept that comes after a cancel is gone',
    file: `${ENGINE}/end.ts`,
    text: "return { live: 'done', asked: null, error: null }",
    without: "return { live: 'done', asked: 'too_late', error: null }",
    noticedBy: ['receipt'],
  },
  {
    keeps: 'a receipt is closed when its time is up, not before',
    file: `${SQL}/close-receipts.sql`,
    text: '    and c.final_by <= coalesce($1::timestamptz, clock_timestamp())\n',
    without: '',
    noticedBy: ['receipt'],
  },
  {
    keeps: 'an open cancellation covers what was born before it, and nothing later',
    file: `${SQL}/open-roots.sql`,
    text: 'e.cancellation_id is null and e.birth <= $5\n limit $6)\nunion all\n(select e.shard, e.id from engine.alias',
    without: 'e.cancellation_id is null\n limit $6)\nunion all\n(select e.shard, e.id from engine.alias',
    noticedBy: ['open-cancellation'],
  },
  {
    keeps: 'an early cancellation meets its event at the key’s gate',
    file: `${ENGINE}/announce.ts`,
    text: "await tx.query(sql('key-gates-shared')",
    without: "if (tx.brand !== 'tx') await tx.query(sql('key-gates-shared')",
    noticedBy: ['early-gate'],
  },
  {
    keeps: 'an early cancellation ends with its time',
    file: `${SQL}/find-early.sql`,
    text: '    and c.early_until > coalesce($1::timestamptz, clock_timestamp())\n',
    without: '    and c.early_until is not null\n',
    noticedBy: ['repeats'],
  },
  {
    keeps: 'the same request again gets the same receipt',
    file: `${ENGINE}/cancel.ts`,
    text: '  return nothingSince && ',
    without: "  return (p.id as string) === '' && nothingSince && ",
    noticedBy: ['repeats', 'cancel'],
  },
  {
    keeps: 'what may have happened in an earlier attempt is not called prevented',
    file: `${SQL}/prevent-pending.sql`,
    text: "case when g.doubt then 'in_doubt' else 'prevented' end,",
    without: "'prevented',",
    noticedBy: ['doubt'],
  },
  {
    keeps: 'a start whose answer was lost is given back',
    file: `${ENGINE}/runner.ts`,
    text: '    await this.giveBackUnheard()\n',
    without: '',
    noticedBy: ['lost-answer'],
  },
]
