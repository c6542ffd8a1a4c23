// The sandbox clock shows a month of reminders in a minute. It moves from one due effect to the next, and
// waits at each until everything that fell due has ended. So effects run in the order of their due times, and
// a delay that follows another counts from the right day. It must not move the clock of a tenant that is not
// marked `sandbox`, and never that of a tenant that is on hold.

import type { Queries } from '../../store/database.ts'
import type { Context } from '../context.ts'
import { engineFault } from '../faults.ts'
import { sql } from '../statements.ts'

export type ClockProgress = (now: Date) => void

export type AdvanceOptions = {
  readonly tenant: string
  readonly byMs: number
  readonly progress?: ClockProgress
  /** Resolves when something of the tenant may have ended. */
  readonly changed: () => Promise<void>
  readonly signal?: AbortSignal
}

/** A hundred years. Moved on without end, it would come to years that no date here can be written in. */
export const MAX_AHEAD_MS = 3_155_760_000_000

/** @throws Fault NOT_SANDBOX, ON_HOLD, CLOCK_TOO_FAR */
export async function advanceClock(context: Context, options: AdvanceOptions): Promise<Date> {
  const { tenant } = options
  await requireNear(context, options)
  for (let left = options.byMs; ; ) {
    await untilQuiet(context, options)
    const step = await context.db.transaction('clock-step', async tx => {
      // Lock, then look: what was announced before the lock is seen by the step.
      await tx.query(sql('lock-tenant'), [tenant])
      const values = [context.clock(), tenant, left]
      type Step = { moved_ms: number; sandbox: boolean; on_hold: boolean }
      return (await tx.query<Step>(sql('clock-step'), values))[0]
    })
    if (!step?.sandbox) throw engineFault.NOT_SANDBOX({ tenant })
    if (step.on_hold) throw engineFault.ON_HOLD({ tenant })
    left -= Number(step.moved_ms)
    context.hints.due()
    const now = await tenantNow(context, tenant)
    options.progress?.(now)
    options.signal?.throwIfAborted()
    if (left <= 0) {
      await untilQuiet(context, options)
      return await tenantNow(context, tenant)
    }
  }
}

async function requireNear(context: Context, { tenant, byMs }: AdvanceOptions): Promise<void> {
  const times = await tenantTimes(context, context.db, [tenant, ''])
  const [now = 0, real = 0] = [...times.values()].map(time => time.getTime())
  if (now + byMs - real <= MAX_AHEAD_MS) return
  throw engineFault.CLOCK_TOO_FAR({ tenant })
}

export async function tenantNow(context: Context, tenant: string): Promise<Date> {
  const [row] = await context.db.query<{ now: Date }>(sql('tenant-now'), [context.clock(), tenant])
  return row!.now
}

/** The clocks of these tenants, read once for each. */
export async function tenantTimes(
  context: Pick<Context, 'clock'>,
  queries: Queries,
  tenants: readonly string[],
): Promise<ReadonlyMap<string, Date>> {
  const times = new Map<string, Date>()
  for (const tenant of new Set(tenants)) {
    const [row] = await queries.query<{ now: Date }>(sql('tenant-now'), [context.clock(), tenant])
    times.set(tenant, row!.now)
  }
  return times
}

async function untilQuiet(context: Context, { tenant, changed, signal }: AdvanceOptions): Promise<void> {
  for (;;) {
    const values = [context.clock(), tenant]
    const [row] = await context.db.query<{ quiet: boolean; on_hold: boolean }>(sql('tenant-quiet'), values)
    if (row?.on_hold) throw engineFault.ON_HOLD({ tenant })
    if (row?.quiet) return
    signal?.throwIfAborted()
    context.hints.due()
    await changed()
  }
}
