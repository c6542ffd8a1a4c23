// The guards of a server on hold, of what an answer proves, of dead actions, and of what each caller sees.

import type { Guard } from './guard.ts'

const ENGINE = 'server/src/engine'

export const HOLD_GUARDS: readonly Guard[] = [
  {
    keeps: 'on hold: what was not released is not started',
    file: `${ENGINE}/sql/start.sql`,
    text: '    and (select not exists (select from engine.hold))\n',
    without: '',
    noticedBy: ['hold'],
  },
  {
    keeps: 'a hold waits for the starts that are under way',
    file: `${ENGINE}/hold.ts`,
    text: "  await tx.query(sql('open-gates'), [[], ALL_GATES])\n",
    without: '',
    noticedBy: ['hold'],
    pattern: 'under way has ended',
  },
  {
    keeps: 'what had fallen due when a backup was restored is in doubt',
    file: `${ENGINE}/hold.ts`,
    text: "  if (restored !== null) await tx.query(sql('hold-doubt-overdue'), [clock()])\n",
    without: '',
    noticedBy: ['hold'],
  },
  {
    keeps: 'what waited for an answer when a backup was restored is in doubt',
    file: `${ENGINE}/hold.ts`,
    text: "  if (restored !== null) await tx.query(sql('hold-doubt-waiting'))\n",
    without: '',
    noticedBy: ['hold'],
    pattern: 'waited for an answer',
  },
  {
    keeps: 'what was running at the backup is not begun again by itself',
    file: `${ENGINE}/hold.ts`,
    text: "  if (restored !== null) await tx.query(sql('hold-mark-lost'), [clock()])\n",
    without: '',
    noticedBy: ['hold'],
  },
  {
    keeps: 'on hold: a receipt that was open stays open',
    file: `${ENGINE}/sql/close-receipts.sql`,
    text: `    and not exists (select from engine.hold h where c.sequence <= h.sequence and not f.released and f.tenant <> all (h.released_tenants))
`,
    without: '',
    noticedBy: ['hold'],
  },
  {
    keeps: 'on hold: nothing is swept',
    file: `${ENGINE}/sql/sweep-take.sql`,
    text: ' and not exists (select from engine.hold)',
    without: '',
    noticedBy: ['hold'],
  },
  {
    keeps: 'on hold: a sandbox’s clock stands',
    file: `${ENGINE}/sql/clock-step.sql`,
    text: '    and not exists (select from engine.hold h where $2 <> all (h.released_tenants)) returning t.id\n',
    without: '    returning t.id\n',
    noticedBy: ['hold'],
  },
  {
    keeps: 'a notice that a cancel owes since the hold is not dropped with those of before',
    file: `${ENGINE}/sql/hold-drop-notices.sql`,
    text: 'where c.id = f.notice_of) <= $5::bigint',
    without: 'where c.id = f.notice_of) <= greatest($5::bigint, 9000000000000000000)',
    noticedBy: ['hold'],
  },
  {
    keeps: 'an answer that may come from something in between does not prove that nothing was done',
    file: 'server/src/delivery/webhook/proof.ts',
    text: "return status === 503 && isRetryAfter(headers['retry-after'], now) ? 'nothing' : 'doubt'",
    without: "return 'nothing'",
    noticedBy: ['delivery/proof'],
  },
  {
    keeps: 'a mail whose end is unknown may have been sent',
    file: 'server/src/delivery/mail/proof.ts',
    text: "      return 'doubt'\n",
    without: "      return 'nothing'\n",
    noticedBy: ['delivery/proof'],
  },
  {
    keeps: 'a dead action that was replaced is not tried again',
    file: `${ENGINE}/sql/revive.sql`,
    text: ' and d.replaced_by is null',
    without: '',
    noticedBy: ['native/dead-effects'],
  },
  {
    keeps: 'a dead action of what was called off is not tried again',
    file: `${ENGINE}/sql/revive.sql`,
    text: ' and d.cancellation_id is null',
    without: '',
    noticedBy: ['native/dead-effects', 'interleavings'],
  },
  {
    keeps: 'an app sees what was reported for itself and no other app',
    file: 'server/src/apis/native/sight.ts',
    text: ' || data.appId !== appId',
    without: '',
    noticedBy: ['native/lists', 'isolation/who-sees-events'],
  },
  {
    keeps: 'an agent sees the own offers alone',
    file: 'server/src/apis/native/sight.ts',
    text: "principal.roles.has('agent') && data.agentId === principal.id",
    without: "principal.roles.has('agent')",
    noticedBy: ['native/lists'],
  },
]
