// Programs by revision. A revision never changes, so what was read once is right for ever; the oldest read go first.

import type { Queries } from '../../store/database.ts'
import type { Program, ProgramRef } from '../language/program.ts'
import { sql } from '../statements.ts'

export class ProgramCache {
  private readonly kept = new Map<string, Program>()
  private readonly most: number

  /** `most`: programs kept. Default 5,000. */
  constructor(most = 5000) {
    this.most = most
  }

  /** The programs of `refs` by {@link programName}, those not kept yet in one query. */
  async load(db: Queries, refs: readonly ProgramRef[]): Promise<ReadonlyMap<string, Program>> {
    const found = new Map<string, Program>()
    const missing = new Map<string, ProgramRef>()
    for (const ref of refs) {
      const name = programName(ref)
      const program = this.kept.get(name)
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
      this.kept.set(name, program)
    }
    for (const name of this.kept.keys()) {
      if (this.kept.size <= this.most) break
      this.kept.delete(name)
    }
    return found
  }
}

export function programName({ tenant, automationId, revision }: ProgramRef): string {
  return `${tenant}\n${automationId}\n${revision}`
}
