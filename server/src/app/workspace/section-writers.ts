// Which room writes which section of the workspace file, in this order; sections.ts says which room reads it. Each compares its
// section with what is stored, and writes it if the file is applied, all in the transaction of the whole file.

import { applyPeople } from '../../auth/people/apply-people.ts'
import { applyRetries } from '../../engine/retry-section.ts'
import type { Tx } from '../../store/database.ts'
import type { ApplyOptions, WorkspaceApplyNeeds } from './apply-needs.ts'
import type { ReadTenant } from './sections.ts'
import type { RoomChange } from './workspace-pending.ts'

type TenantToWrite = {
  readonly tenant: string
  readonly read: ReadTenant
  /** The tenant's apps: name → id. */
  readonly apps: ReadonlyMap<string, string>
  /** false: only compares. */
  readonly apply: boolean
}
type SectionWriter = (needs: WorkspaceApplyNeeds, tx: Tx, of: TenantToWrite) => Promise<readonly RoomChange[]>

/** After the people, whose ids of apps they need. */
const WRITERS: readonly SectionWriter[] = [
  ({ engine }, tx, { read: { people, retries: declared }, ...of }) =>
    applyRetries(tx, engine, { ...of, sandbox: people.tenant.sandbox, declared }),
  ({ automations }, tx, { read: { automations: declared }, ...of }) =>
    automations.applyWorkspace(tx, { ...of, declared }),
  ({ notifications }, tx, { read: { notifications: declared }, ...of }) =>
    notifications.applyWorkspace(tx, { ...of, declared }),
]

/** All sections of one tenant, in the transaction of the whole file. */
export async function writeSections(
  needs: WorkspaceApplyNeeds,
  tx: Tx,
  read: ReadTenant,
  { apply, prune = false, demo, onlyTenant }: ApplyOptions,
): Promise<readonly RoomChange[]> {
  const { id: tenant } = read.people.tenant
  const people = await applyPeople(
    tx,
    { wanted: read.people, apply, prune, demo, settingsFixed: onlyTenant !== undefined },
    { revision: needs.auth.revision, random: needs.random },
  )
  const changes: RoomChange[] = [...people.changes]
  for (const write of WRITERS) {
    for (const change of await write(needs, tx, { tenant, read, apps: people.apps, apply }))
      changes.push({ ...change, at: `tenants.${tenant}.${change.at}` })
  }
  return changes
}

/** What is made after the commit. A missing mailbox is also made when it is first needed, so nothing is lost if this is not reached. */
export async function provisionSections(needs: WorkspaceApplyNeeds, read: ReadTenant): Promise<void> {
  const declared = read.calendars.map(({ user, calendarGroups = [] }) => ({ user, calendarGroups }))
  await needs.calendar.provision(read.people.tenant.id, declared)
}
