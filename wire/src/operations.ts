// Native API, for operating the server: its state, the sandbox clock, kept mail, the workspace file.

import { type CancelledOf, cancelledOfSchema } from './hold.ts'
import type { ActionCounts } from './lists.ts'

export type MailSummary = {
  readonly id: string
  readonly at: string
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
}

export type MailView = MailSummary & {
  readonly text: string | null
  readonly html: string | null
  /** An iCalendar part, when there is one. */
  readonly calendar: string | null
  /** The message as it would have been sent, RFC 5322. */
  readonly raw: string
}

/** `advance`: how far to move the sandbox clock: '3d', '90m', '1w2d', '+12h'; units s m h d w. */
export type ClockRequest = { readonly advance: string }

export type ClockView = {
  /** The tenant's time. */
  readonly now: string
  readonly sandbox: boolean
}

/** One line of an `application/x-ndjson` answer while the clock moves; the last one is a ClockView. */
export type ClockProgress = { readonly at: string }

export type WorkspaceChange = {
  readonly is: 'added' | 'changed' | 'removed'
  /** The place in the workspace, e.g. 'tenants.contoso.users.alice@contoso.example'. */
  readonly at: string
  readonly detail?: string
  /** Its pending work. */
  readonly pending?: { readonly events: number; readonly actions: number }
}

/**
 * `apply` false: only compares. `prune`: removes what the file leaves out; without it such a file is refused. `pending`: what happens
 * to pending work of what is removed; without it a file is refused if there is any.
 */
export type WorkspaceRequest = {
  readonly workspace: string
  readonly apply?: boolean
  readonly prune?: boolean
  readonly pending?: 'cancel' | 'keep'
}

/** A mistake in the workspace file: one of `errors` of the problem INVALID_WORKSPACE. */
export type WorkspaceMistake = {
  /** 'tenants[0].users[1].upn'; '' for the whole file. */
  readonly at: string
  readonly message: string
  /** What would be accepted, if the message does not say it. */
  readonly accepted?: string
  /** The tenant's id; null when it is not in one, or has none. */
  readonly tenant: string | null
  readonly line: number | null
  readonly column: number | null
}

/** `errors`: the first hundred mistakes in the order of the file; `more`: how many further ones there are. */
export type WorkspaceMistakes = { readonly errors: readonly WorkspaceMistake[]; readonly more: number }

export type WorkspaceView = {
  /** False after a request to apply: more events have to be called off than one call can do. Send the request again. */
  readonly applied: boolean
  readonly changes: readonly WorkspaceChange[]
  /** Receipts of the events that were called off. */
  readonly receipts: readonly CancelledOf[]
}

export type FailingReceiverView = {
  readonly kind: 'webhook' | 'mail'
  /** Host and port. */
  readonly receiver: string
  readonly since: string
  readonly lastFailureAt: string
  readonly failures: number
  readonly error: string
}

export type StatusView = {
  readonly version: string
  /** '' for the server's own key when there are several tenants, or none. */
  readonly tenant: string
  readonly sandbox: boolean
  readonly now: string
  /** Since then nothing is sent, until somebody releases it; null: not on hold. */
  readonly onHoldSince: string | null
  readonly publicUrl: string
  readonly tlsUrl: string | null
  /** For operators only. */
  readonly database?: string
  readonly mail?: string
  /** Receivers for which every attempt has failed for five minutes or more, longest first; at most 100. */
  readonly failing?: readonly FailingReceiverView[]
  /** For operators only, where a tenant is chosen. */
  readonly actions?: ActionCounts
  readonly demo: boolean
  readonly you: { readonly name: string; readonly principal: string; readonly roles: readonly string[] }
}

export const clockRequestSchema = {
  type: 'object',
  required: ['advance'],
  additionalProperties: false,
  properties: {
    advance: {
      type: 'string',
      maxLength: 40,
      pattern: '^\\+?(\\d{1,6}[smhdw])+$',
      description: "How far: '3d', '90m', '1w2d'; units s m h d w. At most 10 years.",
    },
  },
} as const

export const workspaceRequestSchema = {
  type: 'object',
  required: ['workspace'],
  additionalProperties: false,
  properties: {
    workspace: { type: 'string', maxLength: 1_000_000, description: 'The workspace file, YAML or JSON.' },
    apply: { type: 'boolean', description: 'false: say what would change, change nothing. Default true.' },
    prune: { type: 'boolean', description: 'Remove what the file leaves out, instead of refusing it.' },
    pending: {
      enum: ['cancel', 'keep'],
      description:
        'What becomes of the work that is pending of what goes: called off with receipts, or left. Without it such a file is refused.',
    },
  },
} as const

const text = { type: 'string' } as const
const textOrNull = { type: ['string', 'null'] } as const

export const mailSummarySchema = {
  $id: 'MailSummary',
  type: 'object',
  required: ['id', 'at', 'from', 'to', 'subject'],
  properties: { id: text, at: text, from: text, to: { type: 'array', items: text }, subject: text },
} as const

export const mailViewSchema = {
  $id: 'Mail',
  type: 'object',
  required: ['id', 'at', 'from', 'to', 'subject', 'text', 'html', 'calendar', 'raw'],
  properties: {
    ...mailSummarySchema.properties,
    text: textOrNull,
    html: textOrNull,
    calendar: textOrNull,
    raw: text,
  },
} as const

export const clockViewSchema = {
  $id: 'Clock',
  type: 'object',
  required: ['now', 'sandbox'],
  properties: { now: text, sandbox: { type: 'boolean' } },
} as const

export const workspaceViewSchema = {
  $id: 'Workspace',
  type: 'object',
  required: ['applied', 'changes', 'receipts'],
  properties: {
    applied: { type: 'boolean' },
    changes: {
      type: 'array',
      items: {
        type: 'object',
        required: ['is', 'at'],
        properties: {
          is: { enum: ['added', 'changed', 'removed'] },
          at: text,
          detail: text,
          pending: {
            type: 'object',
            required: ['events', 'actions'],
            properties: { events: { type: 'integer' }, actions: { type: 'integer' } },
          },
        },
      },
    },
    receipts: { type: 'array', items: cancelledOfSchema },
  },
} as const

export const statusViewSchema = {
  $id: 'Status',
  type: 'object',
  required: ['version', 'tenant', 'sandbox', 'now', 'onHoldSince', 'publicUrl', 'demo', 'you'],
  properties: {
    version: text,
    tenant: text,
    sandbox: { type: 'boolean' },
    now: text,
    onHoldSince: textOrNull,
    publicUrl: text,
    tlsUrl: textOrNull,
    database: text,
    mail: text,
    failing: {
      type: 'array',
      items: {
        type: 'object',
        required: ['kind', 'receiver', 'since', 'lastFailureAt', 'failures', 'error'],
        properties: {
          kind: { enum: ['webhook', 'mail'] },
          receiver: text,
          since: text,
          lastFailureAt: text,
          failures: { type: 'integer' },
          error: text,
        },
      },
    },
    actions: { $ref: 'ActionCounts#' },
    demo: { type: 'boolean' },
    you: {
      type: 'object',
      properties: { name: text, principal: text, roles: { type: 'array', items: text } },
    },
  },
} as const
