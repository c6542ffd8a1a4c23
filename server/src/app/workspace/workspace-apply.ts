// Applies the workspace file: every room makes its own section true, all in one transaction or none. If the
// caller says so, pending work of what is removed is cancelled before. This folder must not know what a
// section means: it hands each section to the room that it belongs to.

import { applyFault } from '../../auth/faults.ts'
import { isServerOperator } from '../../auth/principals.ts'
import type { Caller, CancelOutcome } from '../../core/cancellation.ts'
import { type Principal, principalKey } from '../../core/principal.ts'
import type { Variables } from '../../workspace/text.ts'
import type { ApplyOptions, WorkspaceApplyNeeds } from './apply-needs.ts'
import type { ReadWorkspace } from './read-workspace-file.ts'
import { provisionSections, writeSections } from './section-writers.ts'
import { type PendingOfTenant, refusePending, type ShownChange, withPending } from './workspace-pending.ts'

/** Events that one call cancels at most. */
const MAX_CANCELLED = 1000
/** Cancels under way at once. */
const CANCELS_AT_ONCE = 100
/** Events that are announced meanwhile are cancelled in another round; at most so many rounds. */
const ROUNDS = 3

export type WorkspaceApply = {
  /**
   * A file of this server's own, so it is read in this process.
   * @throws Fault INVALID_WORKSPACE, WOULD_ORPHAN, ID_CHANGED, TAKEN, TENANT_SETTINGS, PENDING_WORK
   */
  apply(text: string, options: ApplyOptions & { readonly pending?: 'keep' }): Promise<readonly ShownChange[]>
  /**
   * With the rights of the caller.
   * @throws Fault INVALID_WORKSPACE, READING_TOO_LONG, READING_TOO_LARGE, WOULD_ORPHAN, ID_CHANGED, TAKEN, TENANT_SETTINGS,
   * PENDING_WORK; ReaderUnavailable
   */
  forPrincipal(
    principal: Principal,
    text: string,
    options: Pick<ApplyOptions, 'apply' | 'prune' | 'pending'>,
  ): Promise<WorkspaceOutcome>
}

type WorkspaceOutcome = {
  /** False with `apply`: more must be cancelled first than one call cancels. Call again. */
  readonly applied: boolean
  readonly changes: readonly ShownChange[]
  /** The outcomes of the cancels. */
  readonly cancelled: readonly CancelOutcome[]
}

/** Rolls the transaction back: this work must be cancelled before the file is applied. */
class WorkPending extends Error {
  override readonly name = 'WorkPending'
  readonly changes: readonly ShownChange[]
  readonly pending: readonly PendingOfTenant[]
  constructor(changes: readonly ShownChange[], pending: readonly PendingOfTenant[]) {
    super('the file was not applied: pending work must be cancelled first')
    this.changes = changes
    this.pending = pending
  }
}

export function createWorkspaceApply(needs: WorkspaceApplyNeeds): WorkspaceApply {
  const { db } = needs

  const variablesOf = (more: Variables = {}) => ({ ...needs.variables(), ...more })

  async function apply(workspace: ReadWorkspace, options: ApplyOptions): Promise<readonly ShownChange[]> {
    const { onlyTenant } = options
    const ids = workspace.map(({ people }) => people.tenant.id)
    const foreign = ids.filter(id => onlyTenant !== undefined && id !== onlyTenant)
    if (foreign.length > 0)
      throw applyFault.TENANT_SETTINGS({ tenant: foreign[0]!, names: foreign.join(', ').slice(0, 1000) })
    const changes = await db.transaction('workspace.apply', async tx => {
      const ofEach: (readonly ShownChange[])[] = []
      const pending: PendingOfTenant[] = []
      for (const tenant of workspace) {
        const found = await writeSections(needs, tx, tenant, options)
        const { changes, gone } = await withPending(tx, tenant.people.tenant.id, found)
        ofEach.push(changes)
        if (gone.all.events > 0) pending.push(gone)
      }
      // Last: by now everything else about the file was accepted.
      const all = ofEach.flat()
      if (options.apply && pending.length > 0 && options.pending === 'cancel')
        throw new WorkPending(all, pending)
      if (options.apply && options.pending !== 'keep') refusePending(pending, all)
      return all
    })
    if (options.apply) for (const tenant of workspace) await provisionSections(needs, tenant)
    return changes
  }

  /**
   * Pending work is cancelled first, and the file is applied then: after a crash in between, everything can still be cancelled. Events
   * that are announced meanwhile are cancelled in the next round.
   */
  async function applyCancelling(
    workspace: ReadWorkspace,
    options: ApplyOptions,
    by: Caller,
  ): Promise<WorkspaceOutcome> {
    const cancelled: CancelOutcome[] = []
    for (let round = 1; ; round++) {
      try {
        return { applied: options.apply, changes: await apply(workspace, options), cancelled }
      } catch (error) {
        if (!(error instanceof WorkPending)) throw error
        const { changes, pending } = error
        if (round > ROUNDS || cancelled.length >= MAX_CANCELLED) return { applied: false, changes, cancelled }
        for (const { tenant, owned } of pending) {
          const events = await needs.engine.pendingEvents(tenant, owned, MAX_CANCELLED - cancelled.length)
          for (const outcome of await cancelEvents(tenant, events, by)) cancelled.push(outcome)
        }
      }
    }
  }

  async function cancelEvents(
    tenant: string,
    events: readonly string[],
    by: Caller,
  ): Promise<readonly CancelOutcome[]> {
    const outcomes: CancelOutcome[] = []
    const reason = 'It was removed from the workspace.'
    for (let from = 0; from < events.length; from += CANCELS_AT_ONCE) {
      const some = events.slice(from, from + CANCELS_AT_ONCE)
      const requests = some.map(eventId => ({ tenant, target: { eventId }, by, reason }))
      const done = await Promise.all(requests.map(request => needs.engine.cancel(request)))
      for (const outcome of done) outcomes.push(outcome)
    }
    return outcomes
  }

  return {
    async apply(text, options) {
      // Where no such file is read, as at most starts, its readers are not loaded.
      const { readWorkspaceFile } = await import('./read-workspace-file.ts')
      return await apply(readWorkspaceFile({ text, variables: variablesOf(options.variables) }), options)
    },
    async forPrincipal(principal, text, options) {
      const onlyTenant = isServerOperator(principal) ? undefined : principal.tenant
      const input = { text, variables: variablesOf() }
      const workspace = await needs.reader.read('workspace', input, principal.tenant)
      const by = { principal: principalKey(principal), api: 'native', name: principal.name } as const
      return await applyCancelling(workspace, { ...options, onlyTenant }, by)
    },
  }
}
