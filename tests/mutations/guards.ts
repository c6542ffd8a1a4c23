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
    text: "const passed = tx.look(sql('key-gates-shared')",
    without: "const passed = tx.brand !== 'tx' && tx.look(sql('key-gates-shared')",
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
  {
    keeps: 'nothing begins under a lease that ran out',
    file: `${ENGINE}/runner.ts`,
    text: ' || !(await this.leased())',
    without: '',
    noticedBy: ['workers'],
    pattern: 'lease',
  },
  {
    keeps: 'the key gate: two cancels of one key go one after the other, so that the second finds the first',
    file: `${SQL}/cancel-gates.sql`,
    text: 'select pg_advisory_xact_lock(7302, h)',
    without: 'select pg_advisory_xact_lock_shared(7302, h)',
    noticedBy: ['interleavings', 'repeats'],
    pattern: 'cancel by key|same|twenty',
  },
  {
    keeps: 'a root passes its shard’s gate: an open cancellation knows every birth before its own',
    file: `${ENGINE}/announce.ts`,
    text: 'roots: announcements.flatMap(',
    without: 'roots: [].flatMap(',
    noticedBy: ['open-cancellation'],
    pattern: 'under way',
  },
  {
    keeps: 'a start passes the gate with others: an open cancellation waits for its commit',
    file: `${ENGINE}/start.ts`,
    text: "tx.look(sql('gates-shared'), [chosen.map(c => gateOf(c.shard))])",
    without: 'null',
    noticedBy: ['interleavings'],
    pattern: 'open by (id|key) \\| start',
  },
  {
    keeps: 'a cancel leaves to an open cancellation what that one covers',
    file: `${ENGINE}/cancel-tree.ts`,
    text: 'const covered = anyOpen ? await findCovered(tx, eventIds)',
    without: 'const covered = anyOpen && most < 0 ? await findCovered(tx, eventIds)',
    noticedBy: ['open-cancellation', 'interleavings'],
    pattern: 'open|small',
  },
  {
    keeps: 'of the open cancellations of a tenant the oldest is marked first',
    file: `${SQL}/take-open.sql`,
    text: 'and b.birth_limit < o.birth_limit)\norder by o.birth_limit\n',
    without: 'and b.birth_limit < 0)\norder by o.birth_limit desc\n',
    noticedBy: ['interleavings', 'open-cancellation'],
    pattern: 'open',
  },
  {
    keeps: 'cancellations of one batch that meet in a tree go one after the other',
    file: `${ENGINE}/cancel-tree.ts`,
    text: '      if (other && other.cancellationId !== aim.cancellationId) throw new TreesMeet()\n',
    without: '      if (other) continue\n',
    noticedBy: ['receipt'],
  },
  {
    keeps: 'several trees are locked in one statement: batches that cross do not wait in a circle',
    file: `${ENGINE}/cancel.ts`,
    text: 'found.length > 1 ? await lockTrees',
    without: 'found.length > 1_000_000 ? await lockTrees',
    noticedBy: ['interleavings'],
    pattern: 'cross',
  },
  {
    keeps: 'what is to be prevented goes first, what runs is asked then: a start in between is seen',
    file: `${ENGINE}/cancel-tree.ts`,
    text: "    const left = mine.filter(e => e.outcome === 'kept')\n",
    without: "    const left = mine.filter(e => e.outcome === 'kept' && e.row.id === '')\n",
    noticedBy: ['cancel', 'receipt'],
  },
  {
    keeps: 'next steps are born under what is neither called off nor covered',
    file: `${ENGINE}/settle.ts`,
    text: 'p.attempt.domainKind !== null && live(p) && isLiveEnding',
    without: 'p.attempt.domainKind !== null && isLiveEnding',
    noticedBy: ['interleavings'],
    pattern: 'open.*settle with births',
  },
  {
    keeps: 'a revise locks its event for itself: the second replaces what the first has born',
    file: `${ENGINE}/revise.ts`,
    text: "  await tx.query(sql('lock-events'), [[shard], [eventId]])\n",
    without: '',
    noticedBy: ['interleavings'],
    pattern: 'revises',
  },
  {
    keeps: 'what a cancel leaves alone is not told to stop',
    file: `${SQL}/asked-to-stop.sql`,
    text: " and f.link = 'cancel'\n",
    without: '\n',
    noticedBy: ['open-cancellation'],
    pattern: 'told',
  },
  {
    keeps: 'counts are kept of a final receipt only',
    file: `${ENGINE}/read-receipt.ts`,
    text: "if (state === 'final' && c.counts === null)",
    without: 'if (c.counts === null)',
    noticedBy: ['receipt', 'model.property'],
  },
  {
    keeps: 'a lease that ran out is lost, although nobody has taken over yet',
    file: `${SQL}/worker-beat.sql`,
    text: ' and alive_until >= coalesce($1::timestamptz, clock_timestamp())\n',
    without: '\n',
    noticedBy: ['workers'],
    pattern: 'ran out is lost',
  },
  {
    keeps: 'a sandbox clock does not move between an announcement’s reading of it and its commit',
    file: `${SQL}/insert-effects.sql`,
    text: ' for share\n',
    without: '\n',
    noticedBy: ['timers'],
    pattern: 'sandbox',
  },
  {
    keeps: 'one caller’s fault is never another’s: a batch that fails is split',
    file: `${ENGINE}/gather.ts`,
    text: 'if (batch.length === 1 || isUnavailable(error) ||',
    without: 'if (batch.length >= 1 || isUnavailable(error) ||',
    noticedBy: ['gather'],
  },
]
