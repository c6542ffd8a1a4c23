// What is written down of who came in, who was refused, and who gave or took away rights: one line each, in the server's log,
// at every LOG_LEVEL but `silent`. Of strangers' texts nothing is written, and of secrets and tokens never a part:
// docs/security.md lists the lines.

/** Every line there is, by its name. */
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
  hold: 'something was held',
  release: 'something that was held was let go',
} as const

export type SecurityEvent = keyof typeof SECURITY_EVENTS

/** Who did it, and from where: of the request, never of what it says. */
export type Circumstances = {
  /** As a receipt names a caller: `user:<id>`, `app:<id>`; null: nobody who is known. */
  readonly by: string | null
  /** Address, as TRUST_PROXY has it. */
  readonly from: string
  readonly requestId: string
}

/** Ids and names that are known here. */
export type SecurityFacts = {
  readonly tenant?: string | null
  readonly [name: string]: string | number | boolean | null | undefined
}

export type SecurityLine = { readonly event: SecurityEvent } & Circumstances & SecurityFacts

/** What strangers can cause, without any right: so many lines a minute in each process, and then a number. */
const OF_STRANGERS: ReadonlySet<SecurityEvent> = new Set([
  'sign_in_failed',
  'token_refused',
  'credential_refused',
])
export const STRANGERS_LINES_A_MINUTE = 100
const LONGEST_VALUE = 320

export class SecurityLog {
  readonly #write: (line: SecurityLine) => void
  readonly #now: () => Date
  #minute = Number.NEGATIVE_INFINITY
  #written = 0
  #leftOut = 0

  constructor(parts: { readonly write: (line: SecurityLine) => void; readonly now: () => Date }) {
    this.#write = parts.write
    this.#now = parts.now
  }

  record(event: SecurityEvent, circumstances: Circumstances, facts: SecurityFacts = {}): void {
    if (OF_STRANGERS.has(event) && !this.#hasRoom()) return
    const leftOut = this.#leftOut === 0 ? {} : { leftOut: this.#leftOut }
    this.#leftOut = 0
    const known = Object.entries(facts).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'string' ? value.slice(0, LONGEST_VALUE) : value]],
    )
    this.#write({ ...Object.fromEntries(known), ...leftOut, ...circumstances, event })
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
