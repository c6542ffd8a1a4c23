// An event is something announced that may be called off. The domains call theirs meeting, activation, offer.

import type { Link, NewEffect } from './effects/effect.ts'
import type { JsonObject } from './json.ts'

/** One announcement. The announcing API checks the limits; the engine refuses only what cannot be stored. */
export type Announcement = {
  /** The id to use: made with `makeId(shardOfEntity(tenant, entity), …)`, or in the parent's shard. Left out: made. */
  readonly id?: string
  readonly tenant: string
  /** Which domain owns it: 'calendar.meeting', 'automations.activation', 'notifications.offer', 'native.event'. */
  readonly kind: string
  /** What a caller cancels by. It need not be unique: a cancel reaches every live event that has it. Null: only by id. */
  readonly key: string | null
  /** The thing in the world that it is about; decides the shard of a root. */
  readonly entity: string
  readonly parent?: { readonly id: string; readonly link: Link }
  readonly title: string
  /** Data that the domain needs later. */
  readonly data: JsonObject
  readonly correlationId?: string | null
  /** Who announced it: the app, if one did, the API, and the key as that caller gave it. */
  readonly app?: string | null
  readonly api?: string | null
  readonly bareKey?: string | null
  readonly effects: readonly NewEffect[]
  /** What happens when an early cancellation waits for this key. Default 'ignore'. */
  readonly early?: EarlyPolicy
}

/**
 * What a cancel that came before its event does (I6). absorb: the event is acknowledged, and is cancelled from the start.
 * absorb_once: the same, and the cancellation is used up by it. reject: the event is refused, and the answer names the cancellation.
 * ignore: the early cancellation has no effect on it.
 */
export type EarlyPolicy = 'absorb' | 'absorb_once' | 'reject' | 'ignore'

export type Announced =
  | { readonly is: 'announced'; readonly eventId: string; readonly effectIds: readonly string[] }
  | { readonly is: 'absorbed'; readonly eventId: string; readonly cancellationId: string }
  | { readonly is: 'rejected'; readonly cancellationId: string }
  | { readonly is: 'parent_cancelled'; readonly parentId: string; readonly cancellationId: string | null }
  | { readonly is: 'parent_unknown'; readonly parentId: string }
  /** It would be deeper below its root than a tree may go. */
  | { readonly is: 'too_deep'; readonly parentId: string }

/** An event as stored. */
export type StoredEvent = {
  readonly id: string
  readonly tenant: string
  readonly kind: string
  readonly key: string | null
  readonly entity: string
  readonly parentId: string | null
  readonly rootId: string
  readonly title: string
  readonly data: JsonObject
  readonly correlationId: string | null
  /** On the tenant's clock. */
  readonly createdAt: Date
  readonly cancellationId: string | null
}
