// Native API: the secrets by which receivers verify that a webhook is ours.

export type WebhookSecretSummary = {
  /** Its name: the receiver's origin, or the name in the workspace file. */
  readonly ref: string
  /** When the newest secret was made. */
  readonly createdAt: string
  /** How many secrets sign now: more than one while a secret is being changed. */
  readonly signing: number
}

export type WebhookSecretView = {
  readonly ref: string
  /** The secrets that sign now, the newest first. */
  readonly secrets: readonly {
    /** `whsec_` and base64, the form that libraries for Standard Webhooks read. */
    readonly secret: string
    readonly createdAt: string
    /** Until when it signs beside the newest one; null for the newest. */
    readonly expiresAt: string | null
  }[]
}

/** How long the old secret signs beside the new one: '24h', '7d'; '0s': not at all. Default a day. */
export type RotateRequest = { readonly overlap?: string }

export const DEFAULT_OVERLAP = '24h'

export const rotateRequestSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    overlap: {
      type: 'string',
      maxLength: 40,
      pattern: '^(\\d{1,6}[smhdw])+$',
      description: `How long the old secret signs beside the new one: '24h', '7d'; '0s': not at all. Default ${DEFAULT_OVERLAP}.`,
    },
  },
} as const

const text = { type: 'string' } as const

export const webhookSecretSummarySchema = {
  $id: 'WebhookSecretSummary',
  type: 'object',
  required: ['ref', 'createdAt', 'signing'],
  properties: { ref: text, createdAt: text, signing: { type: 'integer' } },
} as const

export const webhookSecretSchema = {
  $id: 'WebhookSecret',
  type: 'object',
  required: ['ref', 'secrets'],
  properties: {
    ref: text,
    secrets: {
      type: 'array',
      items: {
        type: 'object',
        required: ['secret', 'createdAt', 'expiresAt'],
        properties: { secret: text, createdAt: text, expiresAt: { type: ['string', 'null'] } },
      },
    },
  },
} as const
