// Request keys (I5): what a caller's key stands for, once for all shards. A cancellation carries its key too, which is what
// makes the same cancel again get its receipt; here the same key with anything else is found out.

import { type Shard, shardOfEntity } from '../../core/ids.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Tx } from '../../store/database.ts'
import type { Context } from '../context.ts'
import { sql } from '../statements.ts'

export type RequestKey = { readonly tenant: string; readonly caller: string; readonly key: string }

/** `same`: asked for before; `answer` is null when whoever asked did not live to hear it. `other`: of another request. */
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
  const claimed = await tx.query(sql('claim-request-key'), [context.clock(), ...place(of), fingerprint])
  if (claimed.length > 0) return { is: 'new' }
  const [row] = await tx.query<{ fingerprint: string; answer: JsonObject | null }>(
    sql('read-request-key'),
    place(of),
  )
  // Swept this very moment: it is as good as never asked.
  if (!row) return { is: 'new' }
  return { is: row.fingerprint === fingerprint ? 'same' : 'other', answer: row.answer }
}

/** What the same request is answered from now on. The first answer stays. */
export async function answerRequestKey(tx: Tx, of: RequestKey, answer: JsonObject): Promise<void> {
  await tx.query(sql('answer-request-key'), [...place(of), JSON.stringify(answer)])
}

function place({ tenant, caller, key }: RequestKey): [Shard, string, string, string] {
  return [shardOfEntity(tenant, key), tenant, caller, key]
}
