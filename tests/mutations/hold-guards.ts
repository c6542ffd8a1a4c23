// The guards of a server on hold, of what an answer proves, and of dead actions.

import type { Guard } from './guard.ts'

export const HOLD_GUARDS: readonly Guard[] = [
  {
    keeps: 'on hold: what was not released is not started',
    file: 'server/src/engine/run/sql/start.sql',
    text: '    and (select not exists (select from engine.hold))\n',
    without: '',
    noticedBy: ['hold'],
  },
  {
    keeps: 'a hold waits for the starts that are under way',
    file: 'server/src/engine/hold/hold.ts',
    text: "  await tx.query(sql('open-gates'), [[], ALL_GATES])\n",
    without: '',
    noticedBy: ['hold'],
    pattern: 'under way has ended',
  },
  {
    keeps: 'what had fallen due when a backup was restored is in doubt',
    file: 'server/src/engine/hold/hold.ts',
    text: "  if (restored !== null) await tx.query(sql('hold-doubt-overdue'), [clock()])\n",
    without: '',
    noticedBy: ['hold'],
  },
  {
    keeps: 'what waited for an answer when a backup was restored is in doubt',
    file: 'server/src/engine/hold/hold.ts',
    text: "  if (restored !== null) await tx.query(sql('hold-doubt-waiting'))\n",
    without: '',
    noticedBy: ['hold-receipts'],
    pattern: 'waited for an answer',
  },
  {
    keeps: 'what was running at the backup is not begun again by itself',
    file: 'server/src/engine/hold/hold.ts',
    text: "  if (restored !== null) await tx.query(sql('hold-mark-lost'), [clock()])\n",
    without: '',
    noticedBy: ['hold-receipts'],
  },
  {
    keeps: 'on hold: a receipt that was open stays open',
    file: 'server/src/engine/run/sql/close-receipts.sql',
    text: `    and not exists (select from engine.hold h where c.sequence <= h.sequence and not f.released and f.tenant <> all (h.released_tenants))
`,
    without: '',
    noticedBy: ['hold-receipts'],
  },
  {
    keeps: 'on hold: nothing is swept',
    file: 'server/src/engine/sweep/sql/sweep-take.sql',
    text: ' and not exists (select from engine.hold)',
    without: '',
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
    file: 'server/src/engine/dead/sql/revive.sql',
    text: ' and d.replaced_by is null',
    without: '',
    noticedBy: ['operations/replaced-effects'],
  },
]
