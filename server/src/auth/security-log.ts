// The security log: who signed in, who was refused, and who gave or took away rights, one line each, in the server's log, at every
// LOG_LEVEL except `silent`. No text of a stranger and no part of a secret or token is ever written. docs/security.md lists the lines.

/** All lines, by their names. */
export const SECURITY_EVENTS = {
  sign_in: 'somebody signed in with a browser',
  sign_in_failed: 'a sign-in that was refused',
  sign_out: 'somebody signed out',
  token_granted: 'an app was given a token, for itself or for a person',
  token_refused: 'an app was refused one',
  credential_refused: 'a call with a token or key that is not good (any more)',
  token_minted: 'an operator made a token',
  link_minted: 'an operator made a sign-in link',
  api_key_minted: 'an operator made an API key',
  secret_shown: 'a secret was shown to an operator or admin',
  secret_renewed: 'a secret was made anew',
  tokens_revoked: 'tokens were made void',
  api_key_revoked: 'an API key was made void',
  keys_rotated: 'the keys that sign tokens were made anew',
  workspace_applied: 'a workspace file was applied',
  hold: 'something was put on hold',
  release: 'something on hold was released',
} as const

export type SecurityEvent = keyof typeof SECURITY_EVENTS

/** Who did it and from where: facts of the connection, never a text of the request. */
export type AuditContext = {
  /** As a receipt names a caller: `user:<id>`, `app:<id>`; null: nobody known. */
  readonly by: string | null
  /** Address, as TRUST_PROXY has it. */
  readonly from: string
  readonly requestId: string
}

/** Ids and names that are known to this server. */
export type SecurityFacts = {
  readonly tenant?: string | null
  readonly [name: string]: string | number | boolean | null | undefined
}

export type SecurityLine = { readonly event: SecurityEvent } & AuditContext & SecurityFacts

/** Events that strangers can cause without any right: beyond a number of lines a minute in each process, they are only counted. */
const OF_STRANGERS: ReadonlySet<SecurityEvent> = new Set([
  'sign_in_failed',
  'token_refused',
  'credential_refused',
])
export const STRANGERS_LINES_A_MINUTE = 100
const LONGEST_VALUE = 320

export class SecurityLog {
  readonly #write: (securityLine: SecurityLine) => void
  readonly #now: () => Date
  #minute = Number.NEGATIVE_INFINITY
  #written = 0
  #leftOut = 0

  constructor(parts: { readonly write: (securityLine: SecurityLine) => void; readonly now: () => Date }) {
    this.#write = parts.write
    this.#now = parts.now
  }

  record(event: SecurityEvent, context: AuditContext, facts: SecurityFacts = {}): void {
    if (OF_STRANGERS.has(event) && !this.#hasRoom()) return
    const leftOut = this.#leftOut === 0 ? {} : { leftOut: this.#leftOut }
    this.#leftOut = 0
    const known = Object.entries(facts).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'string' ? value.slice(0, LONGEST_VALUE) : value]],
    )
    this.#write({ ...Object.fromEntries(known), ...leftOut, ...context, event })
  }

  #hasRoom(): boolean {
    const minute = Math.floor(this.#now().getTime() / 60_000)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#written = 0
    }
    if (this.#written < STRANGERS_LINES_A_MINUTE) {
      this.#written += 1
      return true
    }
    this.#leftOut += 1
    return false
  }
}
