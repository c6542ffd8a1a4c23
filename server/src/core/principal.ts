// The caller, after the token was verified. Every API decides by this value alone.

export type Role = 'admin' | 'operator' | 'agent' | 'member'

export type Principal = {
  readonly tenant: string
  /** 'person' signs in; 'app' acts in its own name (client credentials, a Wix app at a site). */
  readonly kind: 'person' | 'app'
  /** GUID of the person or app. It is stable; as `user:<id>` or `app:<id>` it is the caller of I5. */
  readonly id: string
  readonly name: string
  /** userPrincipalName = mail address of a person, lower case; null for an app. */
  readonly upn: string | null
  /** Space-separated scopes of the token, split. */
  readonly scopes: ReadonlySet<string>
  readonly roles: ReadonlySet<Role>
  /** The app that the token was issued to; for an app principal its own id. */
  readonly appId: string | null
  /** Wix: the site instance the token is bound to. */
  readonly siteInstanceId: string | null
}

/** The stable name of a caller. Equal names are "the same caller" in I5. */
export function principalKey(principal: Principal): string {
  return principal.kind === 'person' ? `user:${principal.id}` : `app:${principal.id}`
}
