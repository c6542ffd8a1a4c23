// Native API: calling something off. The caller names it in one of four ways; the answer names the receipts.

import type { OutcomeCounts } from './receipt.ts'

/** By a key, as its caller gave it. `app`: whose key it is, by the app's name or id, or `people`. */
export type ByKey = { readonly key: string; readonly entity?: string; readonly app?: string }
/** By what a triggered event (Wix) was reported with. */
export type ByTrigger = {
  readonly triggerKey: string
  readonly externalEntityId: string
  readonly app?: string
}
/** By the token that an offer (CIF) was announced with. `agent`: userPrincipalName or id. */
export type ByToken = { readonly cancellationToken: string; readonly agent?: string }
/** By an event's id, as any API spells it. */
export type ById = { readonly eventId: string }

export type CancelBy = ByKey | ByTrigger | ByToken | ById

/** `earlyMs`, by key only: how long the cancel waits for its event when nothing live matches. Default 900,000 (15 min); 0: it does not wait. */
export type CancellationRequest = CancelBy & {
  readonly reason?: string
  readonly correlationId?: string
  readonly earlyMs?: number
}

/** Body of POST /events/{id}/cancel. */
export type CancelRequestBody = { readonly reason?: string; readonly correlationId?: string }

/**
 * The result of a cancel. `cancelled`: something was called off. `repeated`: the same request came before, and its receipt is
 * returned. `over`: everything had ended or been called off before. `waiting`: the cancel is kept for an event that has not been
 * announced yet. `nothing`: no event has this name.
 */
export type CameTo = 'cancelled' | 'repeated' | 'over' | 'waiting' | 'nothing'

/** The owner of the name by which something was called off. */
export type NameOwner = {
  /** The app's name, or its id when its name is not known; null for people's keys, and for tokens. */
  readonly app: string | null
  /** For a triggered event. */
  readonly site: string | null
  /** For an offer. */
  readonly agent: string | null
  readonly channel: string | null
}

/** Answer to a cancel: 201, or 200 when the same request came before and its receipt is returned. */
export type CancelledView = {
  readonly receipt: string
  readonly receiptId: string
  readonly is: CameTo
  readonly replayed: boolean
  readonly early: boolean
  /** At most 1,000. */
  readonly eventIds: readonly string[]
  readonly counts: OutcomeCounts
  /** Left out when the request named one event by its id. */
  readonly of?: NameOwner
}

/**
 * Answer to a cancel by a name that several owners have: each gets a cancellation and a receipt of its own. If no owner has it, the
 * list is empty: nothing is kept, and there is no receipt.
 */
export type CancelledListView = {
  readonly receipts: readonly CancelledView[]
  readonly is: CameTo
  readonly replayed: boolean
}

const guid = { type: 'string', format: 'uuid' } as const
const shortText = { type: 'string', minLength: 1, maxLength: 200 } as const
const reason = { type: 'string', maxLength: 10_000, description: 'Free text, passed on to people.' } as const
const text = { type: 'string' } as const
const textOrNull = { type: ['string', 'null'] } as const
const texts = { type: 'array', items: text } as const

export const cancelBodySchema = {
  type: 'object',
  additionalProperties: false,
  properties: { reason, correlationId: shortText },
} as const

const app = {
  ...shortText,
  description:
    "Whose is meant: an app's name or id; for a key also `people`. Left out by an operator: everybody's.",
} as const

/** One schema for each way to name what is to be called off. `more`: properties of all of them. */
export function namedBy<More extends object>(more: More) {
  const way = <Properties extends object>(
    title: string,
    required: readonly string[],
    properties: Properties,
  ) => ({ title, required, additionalProperties: false, properties: { ...properties, ...more } }) as const
  return {
    byKey: way('by key', ['key'], { key: shortText, entity: shortText, app }),
    byTrigger: way("by a trigger's pair, for operators", ['triggerKey', 'externalEntityId'], {
      triggerKey: shortText,
      externalEntityId: guid,
      app,
    }),
    byToken: way("by an offer's token, for operators", ['cancellationToken'], {
      cancellationToken: { type: 'string', minLength: 1, maxLength: 500 },
      agent: {
        ...shortText,
        description: "userPrincipalName or id. Left out: every agent's.",
      },
    }),
    byId: way('by id', ['eventId'], {
      eventId: {
        type: 'string',
        minLength: 1,
        maxLength: 1000,
        description: "An event's id in the form of one of the APIs.",
      },
    }),
  } as const
}

const about = namedBy({ reason, correlationId: shortText })

export const cancellationRequestSchema = {
  type: 'object',
  oneOf: [
    {
      ...about.byKey,
      properties: {
        ...about.byKey.properties,
        earlyMs: {
          type: 'integer',
          minimum: 0,
          maximum: 2_592_000_000,
          description:
            'How long it waits for its event when nothing live matches. Default 15 minutes; 0: it does not. An operator has to say whose key it is (`app`), or nothing is kept.',
        },
      },
    },
    about.byTrigger,
    about.byToken,
    about.byId,
  ],
} as const

const cameTo = {
  enum: ['cancelled', 'repeated', 'over', 'waiting', 'nothing'],
  description:
    'cancelled: something was called off. repeated: an earlier request again, with its receipt. over: all of it had ended or been called off before. waiting: kept for an event still to come. nothing: nobody has what it names.',
} as const

export const nameOwnerSchema = {
  type: 'object',
  description: 'Whose the name was by which it was called off.',
  required: ['app', 'site', 'agent', 'channel'],
  properties: { app: textOrNull, site: textOrNull, agent: textOrNull, channel: textOrNull },
} as const

export const cancelledViewSchema = {
  $id: 'Cancelled',
  type: 'object',
  required: ['receipt', 'receiptId', 'is', 'replayed', 'early', 'eventIds', 'counts'],
  properties: {
    receipt: text,
    receiptId: guid,
    is: cameTo,
    replayed: { type: 'boolean' },
    early: { type: 'boolean' },
    eventIds: texts,
    counts: { $ref: 'Counts#' },
    of: nameOwnerSchema,
  },
} as const

export const cancelledListSchema = {
  $id: 'CancelledList',
  type: 'object',
  description:
    'Several have the name, each with a cancellation and a receipt of its own; or nobody has it, and nothing is kept.',
  required: ['receipts', 'is', 'replayed'],
  properties: {
    receipts: { type: 'array', items: { $ref: 'Cancelled#' } },
    is: cameTo,
    replayed: { type: 'boolean' },
  },
} as const
