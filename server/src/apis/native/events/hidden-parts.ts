// What is left out of an event for who sees it and neither runs things nor may use it. An app sees how the actions of the
// automations behind its triggers go, and not whom they reach or what was answered: those are of who wrote the automation.
// Who is in a meeting sees no actions of it: each names a guest, and a meeting may hide them.

import { ACTIVATION_KIND } from '../../../automations/activations/activation-key.ts'
import { MEETING } from '../../../calendar/meeting/create-meeting.ts'
import type { JsonObject } from '../../../core/json.ts'
import type { Principal } from '../../../core/principal.ts'
import type { ListedEvent } from '../../../engine/lists/list-events.ts'
import type { PagedEffect } from '../../../engine/lists/read-event-tree.ts'
import { isOperator } from '../access.ts'
import type { EventFinder } from './event-finder.ts'

/** of_actions: without whom they reach, and what was answered. */
export type Hidden = 'nothing' | 'of_actions' | 'actions'

type Seen = { readonly kind: string; readonly data: JsonObject }

/** Of events that the caller sees. */
export async function hiddenOf(
  finder: Pick<EventFinder, 'mayUse'>,
  principal: Principal,
  events: readonly Seen[],
): Promise<readonly Hidden[]> {
  if (isOperator(principal)) return events.map(() => 'nothing')
  // Whether a meeting may be used is its mailbox's to say, and a page is of few mailboxes.
  const byMailbox = new Map<string, Promise<boolean>>()
  const mayUse = (event: Seen): Promise<boolean> => {
    const mailbox = String(event.data.mailboxId)
    const asked = byMailbox.get(mailbox) ?? finder.mayUse(principal, event)
    byMailbox.set(mailbox, asked)
    return asked
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
        next: next && { ...next, title: plainTitle(next), error: null },
        skipped: skipped.map(step => ({ ...step, title: 'An action', evidence: null })),
      }
    case 'actions':
      // Its data says where it stands in the organizer's calendar.
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
        title: plainTitle(effect),
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

const PLAIN: { readonly [kind: string]: string } = {
  'mail.send': 'Mail',
  'webhook.call': 'Webhook',
  'automations.delay': 'Wait',
}

/** The own one names the receiver. */
function plainTitle({ kind }: { readonly kind: string }): string {
  return PLAIN[kind] ?? 'An action'
}
