// Native API: a database on hold, as after a restore: listing what is on hold, and releasing it.

/** The state of an action that is on hold; see docs/cli.md. */
export type HeldState = 'overdue' | 'in_doubt' | 'later'

/** An action has to match every given field. Instants are RFC 3339, on the tenant's clock. */
export type HoldFilterRequest = {
  readonly kind?: string
  readonly eventId?: string
  readonly dueFrom?: string
  readonly dueBefore?: string
  readonly state?: HeldState
}

export type HoldCounts = {
  /** They would start at once after a release. */
  readonly overdue: number
  /** They were running at the backup: nobody knows whether they took effect. */
  readonly inDoubt: number
  /** They are not due yet. */
  readonly later: number
}

export type HeldView = {
  readonly id: string
  readonly state: HeldState
  readonly kind: string
  readonly title: string
  readonly dueAt: string
  /** It may have happened, at an earlier attempt or in the world since the backup. */
  readonly doubt: boolean
  /** Null for a notice, which belongs to a cancellation. */
  readonly event: { readonly id: string; readonly title: string; readonly key: string | null } | null
  /** For a notice: the address of the receipt. */
  readonly receipt: string | null
}

export type HoldView = {
  readonly onHold: boolean
  readonly since: string | null
  /** When the backup was made; null: put on hold by hand. */
  readonly backupAt: string | null
  readonly by: string | null
  readonly reason: string | null
  readonly counts: HoldCounts & {
    /** They run in a living process, which may end them. */
    readonly running: number
    /** They wait for an answer from outside. */
    readonly waiting: number
    /** A cancel has asked them to stop. */
    readonly stopping: number
  }
  readonly kinds: readonly (HoldCounts & { readonly kind: string })[]
  readonly value: readonly HeldView[]
  /** Pass it as `after` for the next page; null on the last page. */
  readonly after: string | null
}

/**
 * Body of POST /hold/release: `all`, or at least one field of the filter. `cancel`: calls off the events of the matching actions
 * instead of releasing the actions. `after`: that of the previous answer, while it is not null.
 */
export type ReleaseRequest = HoldFilterRequest & {
  readonly all?: true
  readonly cancel?: boolean
  readonly reason?: string
  readonly after?: string
}

/** One of many events that were called off at once: its receipt, and how many actions were prevented by then. */
export type CancelledOf = { readonly receipt: string; readonly prevented: number; readonly total: number }

export type ReleaseView = {
  /** How many actions were released; null: all. */
  readonly released: number | null
  /** Receipts of the events that were called off. */
  readonly receipts: readonly CancelledOf[]
  /** How many notices of earlier cancellations are not sent: they are dead now. */
  readonly notices: number
  /** Whether the tenant is still on hold; that includes what it announces from now on. */
  readonly onHold: boolean
  /** Pass it as `after` to go on; null when there is no more. */
  readonly after: string | null
}

const text = { type: 'string' } as const
const textOrNull = { type: ['string', 'null'] } as const
const count = { type: 'integer', minimum: 0 } as const
const guid = { type: 'string', format: 'uuid' } as const
const STATES = ['overdue', 'in_doubt', 'later'] as const

const filterProperties = {
  kind: { type: 'string', minLength: 1, maxLength: 100, description: 'For example mail.send.' },
  eventId: guid,
  dueFrom: { type: 'string', format: 'date-time', maxLength: 40 },
  dueBefore: { type: 'string', format: 'date-time', maxLength: 40 },
  state: { enum: STATES },
} as const

export const holdQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...filterProperties,
    after: guid,
    // A query parameter is a text, and the validator coerces nothing.
    limit: { type: 'string', pattern: '^([1-9]\\d{0,2}|1000)$', description: '1 to 1000. Default 100.' },
  },
} as const

export const releaseRequestSchema = {
  type: 'object',
  additionalProperties: false,
  anyOf: ['all', 'kind', 'eventId', 'dueFrom', 'dueBefore', 'state'].map(name => ({ required: [name] })),
  properties: {
    ...filterProperties,
    all: { const: true },
    cancel: { type: 'boolean', description: 'Call it off instead. Default false.' },
    reason: { type: 'string', maxLength: 10_000, description: 'Passed on to people when it is called off.' },
    after: guid,
  },
} as const

export const cancelledOfSchema = {
  type: 'object',
  required: ['receipt', 'prevented', 'total'],
  properties: { receipt: text, prevented: count, total: count },
} as const

const counts = { overdue: count, inDoubt: count, later: count } as const

export const holdViewSchema = {
  $id: 'Hold',
  type: 'object',
  required: ['onHold', 'since', 'backupAt', 'by', 'reason', 'counts', 'kinds', 'value', 'after'],
  properties: {
    onHold: { type: 'boolean' },
    since: textOrNull,
    backupAt: textOrNull,
    by: textOrNull,
    reason: textOrNull,
    counts: {
      type: 'object',
      required: [...Object.keys(counts), 'running', 'waiting', 'stopping'],
      properties: { ...counts, running: count, waiting: count, stopping: count },
    },
    kinds: {
      type: 'array',
      items: {
        type: 'object',
        required: ['kind', ...Object.keys(counts)],
        properties: { kind: text, ...counts },
      },
    },
    value: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'state', 'kind', 'title', 'dueAt', 'doubt', 'event', 'receipt'],
        properties: {
          id: text,
          state: { enum: STATES },
          kind: text,
          title: text,
          dueAt: text,
          doubt: { type: 'boolean' },
          event: {
            type: ['object', 'null'],
            required: ['id', 'title', 'key'],
            properties: { id: text, title: text, key: textOrNull },
          },
          receipt: textOrNull,
        },
      },
    },
    after: textOrNull,
  },
} as const

export const releaseViewSchema = {
  $id: 'Release',
  type: 'object',
  required: ['released', 'receipts', 'notices', 'onHold', 'after'],
  properties: {
    released: { type: ['integer', 'null'] },
    receipts: { type: 'array', items: cancelledOfSchema },
    notices: count,
    onHold: { type: 'boolean' },
    after: textOrNull,
  },
} as const
