// A carrier whose effect ends from outside lets go of it in the transaction in which it does it: then either both are
// written or neither, and no death of the process comes in between. What its runner says afterwards finds it done.

import type { JsonObject } from '../../core/json.ts'
import type { Tx } from '../../store/database.ts'
import { sql } from '../statements.ts'
import { evidenceText } from '../stored-text.ts'

export type LetGo = {
  readonly effectId: string
  /** The start under which the carrier was called. */
  readonly startId: string
  readonly evidence: JsonObject | null
}

/**
 * The caller has locked the effect's event. False: the effect is no longer under this start, which was lost and maybe given to
 * another; then the caller must undo what it did.
 */
export async function letGo(tx: Tx, { effectId, startId, evidence }: LetGo): Promise<boolean> {
  const rows = await tx.query(sql('leave-waiting'), [
    [effectId],
    [startId],
    [evidenceText(evidence)],
    [false],
    [true],
  ])
  return rows.length > 0
}
