// Some effects end from outside: an offer ends when its agent answers. The carrier detaches such an effect from its runner in the same
// transaction that shows it to somebody. So both are written or neither, even if the process dies. The runner's report, which comes
// later, changes nothing any more.

import type { JsonObject } from '../../core/json.ts'
import type { Tx } from '../../store/database.ts'
import { sql } from '../statements.ts'
import { evidenceText } from '../stored-text.ts'

export type Detachment = {
  readonly effectId: string
  /** The start under which the carrier was called. */
  readonly startId: string
  readonly evidence: JsonObject | null
}

/**
 * The caller has locked the effect's event. False: the effect is no longer under this start, because the start was lost and perhaps
 * repeated by another process. The caller must then roll back.
 */
export async function detachEffect(tx: Tx, { effectId, startId, evidence }: Detachment): Promise<boolean> {
  const rows = await tx.query(sql('leave-waiting'), [
    [effectId],
    [startId],
    [evidenceText(evidence)],
    [false],
    [true],
  ])
  return rows.length > 0
}
