// Native API: tokens and apps' credentials, for operators.

/** Body of POST /api/v1/tokens: a token for a person or an app. */
export type TokenRequest = (
  | { readonly user: string }
  /** `site`: its name, siteId or instanceId; needed when the app has several. */
  | { readonly app: string; readonly site?: string }
) & {
  /** Separated by spaces. Default: all that the person or app may have. */
  readonly scope?: string
  /** Default: the only tenant, or the caller's. */
  readonly tenant?: string
}

export type TokenView = { readonly token: string }

const text = { type: 'string' } as const
const texts = { type: 'array', items: text } as const

const tokenSchema = {
  $id: 'Token',
  type: 'object',
  required: ['token', 'tokenType', 'expiresInSeconds', 'scope', 'tenant'],
  properties: {
    token: text,
    tokenType: { const: 'Bearer' },
    expiresInSeconds: { type: 'integer' },
    scope: { ...text, description: 'Scopes, separated by spaces.' },
    tenant: text,
  },
} as const

const signInLinkSchema = {
  $id: 'SignInLink',
  type: 'object',
  required: ['path', 'user'],
  properties: { path: { ...text, description: 'Good for one sign-in.' }, user: text },
} as const

const appCredentialsSchema = {
  $id: 'AppCredentials',
  type: 'object',
  required: ['name', 'clientId', 'clientSecret', 'scopes', 'instances', 'apiKeys'],
  properties: {
    name: text,
    clientId: text,
    clientSecret: {
      type: ['string', 'null'],
      description: 'null: the workspace file gave one, and only its hash is kept.',
    },
    scopes: texts,
    instances: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'instanceId', 'siteId', 'refreshToken'],
        properties: { name: text, instanceId: text, siteId: text, refreshToken: text },
      },
    },
    apiKeys: {
      type: 'array',
      description: 'What there is, by label; a key itself is shown once, when it is made.',
      items: {
        type: 'object',
        required: ['label', 'createdAt'],
        properties: { label: text, createdAt: text },
      },
    },
  },
} as const

const apiKeySchema = {
  $id: 'ApiKey',
  type: 'object',
  required: ['apiKey', 'label'],
  properties: { apiKey: { ...text, description: 'Shown once.' }, label: text },
} as const

export const credentialSchemas = [tokenSchema, signInLinkSchema, appCredentialsSchema, apiKeySchema] as const
