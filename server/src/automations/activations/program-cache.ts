// Programs by revision. A revision never changes, so a cached program never becomes wrong. The one that was read first is dropped first.

import type { Queries } from '../../store/database.ts'
import type { Program, ProgramRef } from '../language/program.ts'
import { sql } from '../statements.ts'

export class ProgramCache {
  private readonly cached = new Map<string, Program>()
  private readonly maxEntries: number

  /** `maxEntries`: how many programs are kept. */
  constructor(maxEntries = 5000) {
    this.maxEntries = maxEntries
  }

  /** The programs of `refs` by {@link programName}, those that are not cached in one query. */
  async load(db: Queries, refs: readonly ProgramRef[]): Promise<ReadonlyMap<string, Program>> {
    const found = new Map<string, Program>()
    const missing = new Map<string, ProgramRef>()
    for (const ref of refs) {
      const name = programName(ref)
      const program = this.cached.get(name)
      if (program) found.set(name, program)
      else missing.set(name, ref)
    }
    if (missing.size === 0) return found
    const wanted = [...missing.values()]
    const rows = await db.query<{
      tenant: string
      automation_id: string
      revision: number
      program: Program
    }>(sql('load-programs'), [
      wanted.map(ref => ref.tenant),
      wanted.map(ref => ref.automationId),
      wanted.map(ref => ref.revision),
    ])
    for (const { tenant, automation_id, revision, program } of rows) {
      const name = programName({ tenant, automationId: automation_id, revision })
      found.set(name, program)
      this.cached.set(name, program)
    }
    for (const name of this.cached.keys()) {
      if (this.cached.size <= this.maxEntries) break
      this.cached.delete(name)
    }
    return found
  }
}

export function programName({ tenant, automationId, revision }: ProgramRef): string {
  return `${tenant}\n${automationId}\n${revision}`
}
