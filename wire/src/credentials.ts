// Native API: tokens and apps' credentials, for operators.

/** POST /api/v1/tokens: for a person or an app. */
export type TokenRequest = ({ readonly user: string } | { readonly app: string }) & {
  /** Separated by spaces. Default: all that the person or app may have. */
  readonly scope?: string
  /** Default: the only tenant, or the caller's. */
  readonly tenant?: string
}

export type TokenView = { readonly token: string }
