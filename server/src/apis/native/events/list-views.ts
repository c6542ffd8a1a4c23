// Views of events and actions for lists, and of one event with its actions and relatives.

import type { EventView } from '@standdown/wire/src/event.ts'
import type {
  ActionCounts,
  EventApi,
  EventSummary,
  ListedEffectView,
  RelativeView,
  SkippedView,
} from '@standdown/wire/src/lists.ts'
import { ACTIVATION_KIND } from '../../../automations/activations/activation-key.ts'
import { MEETING } from '../../../calendar/meeting/create-meeting.ts'
import type { JsonObject } from '../../../core/json.ts'
import type { EffectCounts, ListedEffect } from '../../../engine/lists/list-effects.ts'
import type { ListedEvent } from '../../../engine/lists/list-events.ts'
import type { PagedEffect, Relative } from '../../../engine/lists/read-event-tree.ts'
import { OFFER_EVENT } from '../../../notifications/offer.ts'
import { NATIVE_EVENT, nameOfKey } from '../access.ts'
import { effectView, receiptLink } from '../views.ts'

export const KIND_OF_API: { readonly [api in EventApi]: string } = {
  graph: MEETING,
  wix: ACTIVATION_KIND,
  cif: OFFER_EVENT,
  native: NATIVE_EVENT,
}

const API_OF_KIND = new Map(Object.entries(KIND_OF_API).map(([api, kind]) => [kind, api as EventApi]))

export function eventSummary(event: ListedEvent): EventSummary {
  const { next } = event
  return {
    id: event.id,
    kind: event.kind,
    api: API_OF_KIND.get(event.kind) ?? null,
    app: event.app,
    key: event.bareKey ?? nameOfKey(event.key),
    entity: event.entity,
    title: event.title,
    parentId: event.parentId,
    state: event.state,
    createdAt: event.createdAt.toISOString(),
    correlationId: event.correlationId,
    receipt: event.cancellationId === null ? null : receiptLink(event.cancellationId),
    next:
      next === null
        ? null
        : {
            id: next.id,
            kind: next.kind,
            title: next.title,
            state: next.state === 'pending' ? 'pending' : 'running',
            dueAt: next.dueAt.toISOString(),
            attempt: next.attempt,
            error: next.error,
          },
    skipped: skippedOf(event),
  }
}

export function eventView(
  event: ListedEvent,
  of: {
    readonly effects: readonly PagedEffect[]
    readonly effectsAfter: string | null
    readonly path: readonly Relative[]
    readonly children: readonly Relative[]
    readonly childrenAfter: string | null
  },
): EventView {
  return {
    ...eventSummary(event),
    data: dataOf(event),
    effects: of.effects.map(effectView),
    effectsAfter: of.effectsAfter,
    path: of.path.map(relativeView),
    children: { value: of.children.map(relativeView), after: of.childrenAfter },
  }
}

/** A schedule that was never begun is recorded in the event's data; an action that had nothing to do when it was due ended as skipped. */
function skippedOf({ data, title, skipped }: ListedEvent): readonly SkippedView[] {
  const begun = skipped.map(({ title, evidence }) => ({
    title,
    code: 'NOTHING_TO_DO',
    why:
      typeof evidence?.reason === 'string' ? evidence.reason : 'There was nothing to do when its time came.',
  }))
  if (data.skipped !== 'SCHEDULE_DATE_EXPIRED') return begun
  const start = typeof data.startAt === 'string' ? `, ${data.startAt},` : ''
  const why = `Its time to start${start} had passed when the event was reported.`
  return [{ title, code: data.skipped, why }, ...begun]
}

/** The data for the caller. Of a native event: the caller's own part. Of others: without the fields that `skipped` shows. */
function dataOf({ kind, data }: ListedEvent): JsonObject {
  if (kind === NATIVE_EVENT) return (data.data ?? {}) as JsonObject
  const { skipped: _skipped, startAt: _startAt, ...rest } = data
  return rest
}

function relativeView({ id, kind, title, link, cancellationId }: Relative): RelativeView {
  return { id, kind, title, link, isCancelled: cancellationId !== null }
}

export function listedEffectView(effect: ListedEffect): ListedEffectView {
  const { dueAt, startedAt, at } = effect
  return {
    id: effect.id,
    eventId: effect.eventId,
    kind: effect.kind,
    title: effect.title,
    state: effect.state,
    receiver: effect.receiver,
    dueAt: dueAt.toISOString(),
    startedAt: startedAt?.toISOString() ?? null,
    at: at?.toISOString() ?? null,
    attempt: effect.attempt,
    error: effect.error,
  }
}

/** For one effect of a page of its event's effects. */
export function ofEvent(eventId: string, effect: PagedEffect): ListedEffect {
  const { ending, state, isWaiting } = effect
  return { ...effect, eventId, state: ending ?? (isWaiting ? 'waiting' : state), startedAt: null }
}

export function countsView({ oldestDue, failing, ...counts }: EffectCounts): ActionCounts {
  return {
    ...counts,
    oldestDue: oldestDue?.toISOString() ?? null,
    failing: failing.map(({ kind, receiver, effects, attempts, nextAt, error }) => ({
      kind,
      receiver: receiver === '' ? null : receiver,
      count: effects,
      attempts,
      nextAt,
      error,
    })),
  }
}
