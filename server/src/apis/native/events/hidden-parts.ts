// Which parts of an event are hidden from a caller who may see it, but is no operator and may not use it. An app sees the states of the
// actions of automations behind its triggers, but not their recipients and answers: those belong to the author of the automation. An
// attendee of a meeting sees none of its actions: each names a guest, and a meeting may hide its guests.

import { ACTIVATION_KIND } from '../../../automations/activations/activation-key.ts'
import { MEETING } from '../../../calendar/meeting/create-meeting.ts'
import { titleWithoutReceiver } from '../../../core/effects/effect-kinds.ts'
import type { JsonObject } from '../../../core/json.ts'
import type { Principal } from '../../../core/principal.ts'
import type { ListedEvent } from '../../../engine/lists/list-events.ts'
import type { PagedEffect } from '../../../engine/lists/read-event-tree.ts'
import { isOperator } from '../access.ts'
import type { EventFinder } from './event-finder.ts'

/** of_actions: the recipients and answers of the actions are hidden. actions: all actions are hidden. */
export type Hidden = 'nothing' | 'of_actions' | 'actions'

type Seen = { readonly kind: string; readonly data: JsonObject }

/** For events that the caller may see. */
export async function hiddenOf(
  finder: Pick<EventFinder, 'mayUse'>,
  principal: Principal,
  events: readonly Seen[],
): Promise<readonly Hidden[]> {
  if (isOperator(principal)) return events.map(() => 'nothing')
  // The mailbox decides who may use a meeting. A page has meetings of few mailboxes, so each mailbox is checked once.
  const byMailbox = new Map<string, Promise<boolean>>()
  const mayUse = (event: Seen): Promise<boolean> => {
    const mailbox = String(event.data.mailboxId)
    const answer = byMailbox.get(mailbox) ?? finder.mayUse(principal, event)
    byMailbox.set(mailbox, answer)
    return answer
  }
  return await Promise.all(
    events.map(async event => {
      if (event.kind === ACTIVATION_KIND) return 'of_actions'
      return event.kind !== MEETING || (await mayUse(event)) ? 'nothing' : 'actions'
    }),
  )
}

/** Pure. */
export function shownEvent(event: ListedEvent, hidden: Hidden): ListedEvent {
  const { next, skipped } = event
  switch (hidden) {
    case 'nothing':
      return event
    case 'of_actions':
      return {
        ...event,
        next: next && { ...next, title: titleWithoutReceiver(next.kind), error: null },
        skipped: skipped.map(step => ({ ...step, title: 'An action', evidence: null })),
      }
    case 'actions':
      // Its data is hidden too: it says where the meeting is in the organizer's calendar.
      return { ...event, data: {}, next: null, skipped: [] }
    default:
      return hidden satisfies never
  }
}

/** Pure. */
export function shownEffects(effects: readonly PagedEffect[], hidden: Hidden): readonly PagedEffect[] {
  switch (hidden) {
    case 'nothing':
      return effects
    case 'of_actions':
      return effects.map(effect => ({
        ...effect,
        title: titleWithoutReceiver(effect.kind),
        data: {},
        next: [],
        receiver: null,
        error: null,
        evidence: null,
      }))
    case 'actions':
      return []
    default:
      return hidden satisfies never
  }
}
