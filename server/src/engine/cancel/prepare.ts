// A request to cancel with the id, shard and gate that it gets before anything is read.

import type { CancelRequest } from '../../core/cancellation.ts'
import { type Shard, shardOfEntity, shardOfId } from '../../core/ids.ts'
import { keyGate } from '../announce/announce.ts'
import { type Context, newId } from '../context.ts'

export type Prepared = {
  readonly request: CancelRequest
  readonly shard: Shard
  readonly id: string
  readonly key: string | null
  readonly eventId: string | null
  readonly entity: string | null
}

export function prepare(context: Context, request: CancelRequest): Prepared {
  const { target } = request
  const shard = 'eventId' in target ? shardOfId(target.eventId) : shardOfEntity(request.tenant, target.entity)
  return {
    request,
    shard,
    id: newId(context, shard),
    key: 'key' in target ? target.key : null,
    eventId: 'eventId' in target ? target.eventId : null,
    entity: 'entity' in target ? target.entity : null,
  }
}

/** What two requests of one batch must not share: the second is to find the first one's receipt. */
export function targetText(request: CancelRequest): string {
  const { target, tenant } = request
  return 'eventId' in target ? `${tenant}\n${target.eventId}` : `${tenant}\n${target.key}`
}

export function keyGates(prepared: readonly Prepared[]): number[] {
  return prepared.flatMap(p => (p.key === null ? [] : [keyGate(p.request.tenant, p.key)]))
}
