// The routes that list and release what is on hold after a restore. An operator sees and releases the operator's own tenant. The holder of
// the server's own key sees and releases all tenants.

import type {
  HeldView,
  HoldFilterRequest,
  HoldView,
  ReleaseRequest,
  ReleaseView,
} from '@standdown/wire/src/hold.ts'
import { holdQuerySchema, releaseRequestSchema } from '@standdown/wire/src/hold.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isServerOperator } from '../../auth/principals.ts'
import type { Principal } from '../../core/principal.ts'
import type { HeldItem, HoldFilter } from '../../engine/hold/hold.ts'
import { nameOfKey, requireOperator } from '../native/access.ts'
import { auditContextOf } from '../native/audit-context.ts'
import { nativeFault } from '../native/faults.ts'
import { instantOf } from '../native/instant.ts'
import { nativeCaller } from '../native/native-caller.ts'
import type { NativeContext } from '../native/native-context.ts'
import { response } from '../native/route-schema.ts'
import { cancelledOf, receiptLink } from '../native/views.ts'

const DEFAULT_LIMIT = 100
const NONE = { overdue: 0, in_doubt: 0, later: 0, running: 0, waiting: 0, stopping: 0 }

export function holdRoutes(app: FastifyInstance, context: NativeContext): void {
  const { engine, callers } = context

  app.get(
    '/hold',
    {
      schema: {
        summary: 'What is on hold: nothing of it is done before somebody releases it.',
        querystring: holdQuerySchema,
        response: response('Hold'),
      },
    },
    async request => {
      const caller = callers.of(request)
      requireOperator(caller)
      const {
        after,
        limit = String(DEFAULT_LIMIT),
        ...wanted
      } = request.query as HoldFilterRequest & {
        after?: string
        limit?: string
      }
      const filter = filterOf(wanted)
      const pageLimit = Number(limit)
      const hold = await engine.hold(caller.tenant)
      const onHold = hold !== null && !hold.tenantReleased
      const rows = onHold ? await engine.heldCounts(caller.tenant, filter) : []
      const items = onHold ? await engine.listHeld(caller.tenant, filter, after ?? null, pageLimit) : []
      const counts = { ...NONE }
      const kinds = new Map<string, typeof NONE>()
      for (const { kind, standing, count } of rows) {
        counts[standing] += count
        const ofKind = kinds.get(kind) ?? { ...NONE }
        ofKind[standing] += count
        kinds.set(kind, ofKind)
      }
      const { in_doubt: inDoubt, ...others } = counts
      return {
        onHold,
        since: onHold ? hold.since.toISOString() : null,
        backupAt: onHold ? (hold.backupAt?.toISOString() ?? null) : null,
        by: onHold ? hold.placedBy : null,
        reason: onHold ? hold.reason : null,
        counts: { ...others, inDoubt },
        kinds: [...kinds].map(([kind, { overdue, in_doubt, later }]) => ({
          kind,
          overdue,
          inDoubt: in_doubt,
          later,
        })),
        value: items.map(heldView),
        after: items.length < pageLimit ? null : (items.at(-1)?.id ?? null),
      } satisfies HoldView
    },
  )

  app.post(
    '/hold/release',
    {
      schema: {
        summary: 'Let what is on hold happen, or call it off: all of it, or what a filter finds.',
        description:
          "`all` ends the hold for every tenant when it is said with the server's own key, and for the caller's tenant otherwise. At most 1,000 actions at once: go on with `after`.",
        body: releaseRequestSchema,
        response: response('Release'),
      },
    },
    async request => {
      const { all, cancel = false, reason = null, after = null, ...wanted } = request.body as ReleaseRequest
      const caller = all && !cancel ? callers.ofAnyTenant(request) : callers.of(request)
      requireOperator(caller)
      const filter = filterOf(wanted)
      if (all && Object.keys(filter).length > 0)
        throw nativeFault.INVALID_REQUEST({ detail: '`all` takes no filter beside it.' })
      if (all && !cancel) {
        await releaseAllOf(caller)
        record(request, caller, { all: true, cancel: false })
        return { released: null, receipts: [], notices: 0, onHold: false, after: null } satisfies ReleaseView
      }
      const what = { tenant: caller.tenant, filter, after, by: nativeCaller(caller), reason }
      if (!cancel) {
        const released = await engine.release(what.tenant, filter, after)
        if (released === null) throw nativeFault.NOT_ON_HOLD()
        const { over, ...answer } = released
        record(request, caller, { all: false, cancel: false })
        return { ...answer, receipts: [], notices: 0, onHold: !over } satisfies ReleaseView
      }
      const dropped = await engine.dropHeld(what)
      if (dropped === null) throw nativeFault.NOT_ON_HOLD()
      record(request, caller, { all: all === true, cancel: true })
      const receipts = dropped.cancelled.flatMap(cancelledOf)
      const { notices, over } = dropped
      return { released: 0, receipts, notices, onHold: !over, after: dropped.after } satisfies ReleaseView
    },
  )

  function record(request: FastifyRequest, caller: Principal, how: { all: boolean; cancel: boolean }): void {
    const tenant = how.all && !how.cancel && isServerOperator(caller) ? null : caller.tenant
    context.auth.securityLog.record('release', auditContextOf(request, caller), { tenant, ...how })
  }

  /** @throws Fault NOT_ON_HOLD */
  async function releaseAllOf(caller: Principal): Promise<void> {
    const isDone = isServerOperator(caller)
      ? await engine.releaseAll()
      : (await engine.releaseTenant(caller.tenant)) !== null
    if (!isDone) throw nativeFault.NOT_ON_HOLD()
  }
}

function heldView(item: HeldItem): HeldView {
  return {
    id: item.id,
    state: item.standing,
    kind: item.kind,
    title: item.title,
    dueAt: item.dueAt.toISOString(),
    doubt: item.doubt,
    event:
      item.eventId === null
        ? null
        : { id: item.eventId, title: item.eventTitle ?? '', key: nameOfKey(item.key) },
    receipt: item.noticeOf === null ? null : receiptLink(item.noticeOf),
  }
}

function filterOf({ kind, eventId, dueFrom, dueBefore, state }: HoldFilterRequest): HoldFilter {
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(eventId === undefined ? {} : { eventId: eventId.toLowerCase() }),
    ...(dueFrom === undefined ? {} : { dueFrom: instantOf(dueFrom) }),
    ...(dueBefore === undefined ? {} : { dueBefore: instantOf(dueBefore) }),
    ...(state === undefined ? {} : { standing: [state] }),
  }
}
