// Reads the bodies of the four calls. Unknown fields are ignored, as Wix's protobuf JSON readers do.

import type { EventInfo } from '../../automations/activations/report-events.ts'
import { invalidArgument } from '../../automations/faults.ts'
import type { JsonObject } from '../../core/json.ts'
import { fault } from './faults.ts'
import {
  type Fields,
  readGuid,
  readList,
  readObject,
  readPositiveInt64,
  readText,
  Violations,
} from './read-fields.ts'

export const KEY_LENGTH = 100
export const IDEMPOTENCY_KEY_LENGTH = 80
export const BULK_SIZE = 100
export const HEADER_LENGTH = 200

export function readReport(body: unknown): { readonly triggerKey: string; readonly event: EventInfo } {
  return read(body, (fields, violations) => ({
    triggerKey: readTriggerKey(fields, violations),
    event: readEventInfo(fields, '', violations),
  }))
}

/** `sent`: each item as it was sent; the answer repeats it. */
export function readBulkReport(body: unknown): {
  readonly triggerKey: string
  readonly items: readonly { readonly event: EventInfo; readonly sent: JsonObject }[]
} {
  return read(body, (fields, violations) => ({
    triggerKey: readTriggerKey(fields, violations),
    items: readList(fields.eventsInfo, 'eventsInfo', {
      violations,
      max: BULK_SIZE,
      entry: (value, field) => {
        const item = readObject(value, field, violations)
        return item && { event: readEventInfo(item, `${field}.`, violations), sent: sentItem(item) }
      },
    }),
  }))
}

export function readCancel(body: unknown): {
  readonly triggerKey: string
  readonly externalEntityId: string
} {
  return read(body, (fields, violations) => ({
    triggerKey: readTriggerKey(fields, violations),
    externalEntityId: readGuid(fields.externalEntityId, 'externalEntityId', violations) ?? '',
  }))
}

export function readBulkCancel(body: unknown): {
  readonly triggerKey: string
  readonly externalEntityIds: readonly string[]
} {
  return read(body, (fields, violations) => ({
    triggerKey: readTriggerKey(fields, violations),
    externalEntityIds: readList(fields.externalEntityIds, 'externalEntityIds', {
      violations,
      max: BULK_SIZE,
      entry: (value, field) => readGuid(value, field, violations),
    }),
  }))
}

/** The Idempotency-Key header of a cancel; null when there is none. */
export function readIdempotencyKey(header: string | readonly string[] | undefined): string | null {
  if (header === undefined) return null
  if (typeof header !== 'string' || header.length > HEADER_LENGTH || !/^[\x20-\x7e]+$/.test(header)) {
    throw fault.INVALID_IDEMPOTENCY_KEY()
  }
  return header
}

function read<T>(body: unknown, fields: (fields: Fields, violations: Violations) => T): T {
  if (body !== undefined && (typeof body !== 'object' || body === null || Array.isArray(body))) {
    throw fault.NOT_AN_OBJECT()
  }
  const violations = new Violations()
  const value = fields((body ?? {}) as Fields, violations)
  if (violations.list.length > 0) throw invalidArgument(violations.list)
  return value
}

function readTriggerKey({ triggerKey }: Fields, violations: Violations): string {
  return readText(triggerKey, 'triggerKey', { violations, max: KEY_LENGTH }) ?? ''
}

function readEventInfo(fields: Fields, prefix: string, violations: Violations): EventInfo {
  const payload = readObject(fields.payload, `${prefix}payload`, violations)
  const { externalEntityId } = fields
  const entity =
    externalEntityId === undefined || externalEntityId === null
      ? null
      : readGuid(externalEntityId, `${prefix}externalEntityId`, violations)
  return {
    // JSON by its parser: only JSON values can stand in it.
    payload: (payload ?? {}) as JsonObject,
    externalEntityId: entity,
    idempotency: readIdempotency(fields.idempotency, `${prefix}idempotency`, violations),
  }
}

function readIdempotency(value: unknown, field: string, violations: Violations): EventInfo['idempotency'] {
  if (value === undefined || value === null) return null
  const fields = readObject(value, field, violations)
  if (!fields) return null
  const key = readText(fields.key, `${field}.key`, { violations, max: IDEMPOTENCY_KEY_LENGTH }) ?? ''
  const ttl = fields.ttlInMilliseconds
  const ttlMs =
    ttl === undefined || ttl === null
      ? null
      : readPositiveInt64(ttl, `${field}.ttlInMilliseconds`, violations)
  return { key, ttlMs }
}

function sentItem({ payload, externalEntityId, idempotency }: Fields): JsonObject {
  const sent = { payload, externalEntityId, idempotency }
  return Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined)) as JsonObject
}
