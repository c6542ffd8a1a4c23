import type { Link } from '../../core/effects/effect.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { JsonObject } from '../../core/json.ts'

export type EventRow = {
  shard: number
  id: string
  tenant: string
  kind: string
  key: string | null
  entity: string
  parent_id: string | null
  link: Link
  root_id: string
  title: string
  data: JsonObject
  correlation_id: string | null
  created_at: Date
  cancellation_id: string | null
  sequence: number
}

export function storedEvent(row: EventRow): StoredEvent {
  return {
    id: row.id,
    tenant: row.tenant,
    kind: row.kind,
    key: row.key,
    entity: row.entity,
    parentId: row.parent_id,
    rootId: row.root_id,
    title: row.title,
    data: row.data,
    correlationId: row.correlation_id,
    createdAt: row.created_at,
    cancellationId: row.cancellation_id,
  }
}
