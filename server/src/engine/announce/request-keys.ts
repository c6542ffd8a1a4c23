// Request keys (I5): which request a caller's key stands for. A cancellation stores its key too, so that the same cancel again gets its
// receipt. Here a key is found out that is used again for another request.

import { type Shard, shardOfEntity } from '../../core/ids.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Tx } from '../../store/database.ts'
import type { Context } from '../context.ts'
import { sql } from '../statements.ts'

export type RequestKey = { readonly tenant: string; readonly caller: string; readonly key: string }

/** `same`: the same request came before; `answer` is null if it was never answered, as after a crash. `other`: the key is another request's. */
export type Claim =
  | { readonly is: 'new' }
  | { readonly is: 'same' | 'other'; readonly answer: JsonObject | null }

/** Waits for another transaction that claims the same key. `fingerprint`: of what is asked for. */
export async function claimRequestKey(
  context: Pick<Context, 'clock'>,
  tx: Tx,
  of: RequestKey,
  fingerprint: string,
): Promise<Claim> {
  const claimed = await tx.query(sql('claim-request-key'), [context.clock(), ...keyColumns(of), fingerprint])
  if (claimed.length > 0) return { is: 'new' }
  const [row] = await tx.query<{ fingerprint: string; answer: JsonObject | null }>(
    sql('read-request-key'),
    keyColumns(of),
  )
  // It was swept at this moment: the request counts as new.
  if (!row) return { is: 'new' }
  return { is: row.fingerprint === fingerprint ? 'same' : 'other', answer: row.answer }
}

/** What the same request is answered from now on. The first answer stays. */
export async function answerRequestKey(tx: Tx, of: RequestKey, answer: JsonObject): Promise<void> {
  await tx.query(sql('answer-request-key'), [...keyColumns(of), JSON.stringify(answer)])
}

function keyColumns({ tenant, caller, key }: RequestKey): [Shard, string, string, string] {
  return [shardOfEntity(tenant, key), tenant, caller, key]
}
