// What the native API needs of the other rooms, by shape; compose passes the parts.

import type { Auth } from '../../auth/auth.ts'
import type { CancelOutcome } from '../../core/cancellation.ts'
import type { Principal } from '../../core/principal.ts'
import type { LongResponses } from '../../http/long-responses.ts'
import type { EffectNeeds } from './effects/child-effects.ts'
import type { EventFinder } from './events/event-finder.ts'
import type { PersonMeetings } from './events/person-meetings.ts'
import type { NameFinder } from './name-finder.ts'
import type { NativeEngine, Tx } from './native-engine.ts'
import type { ReceiptFinder } from './receipts/receipt-finder.ts'

export interface NativeDatabase {
  transaction<T>(name: string, work: (tx: Tx) => Promise<T>): Promise<T>
}

/** Mail that was kept because there is no SMTP_URL. */
export interface KeptMail {
  list(tenant: string, options: { readonly limit: number }): Promise<readonly KeptMailEntry[]>
  read(tenant: string, id: string): Promise<(KeptMailEntry & { readonly raw: string }) | null>
}

export type KeptMailEntry = {
  readonly id: string
  readonly at: Date
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string | null
  readonly html: string | null
  readonly calendar: string | null
}

/** The secrets that sign webhooks; see delivery/webhook/webhook-secrets.ts. `ref`: the name of a secret, by default the receiver's origin. */
export interface SigningSecrets {
  list(
    tenant: string,
  ): Promise<readonly { readonly ref: string; readonly createdAt: Date; readonly signing: number }[]>
  /** The newest first. `make`: makes the first secret if there is none. */
  show(
    tenant: string,
    ref: string,
    options: { readonly make: boolean },
  ): Promise<
    readonly { readonly secret: string; readonly createdAt: Date; readonly expiresAt: Date | null }[]
  >
  rotate(tenant: string, ref: string, overlapMs: number): Promise<unknown>
}

export type FailingReceiver = {
  readonly kind: 'webhook' | 'mail'
  readonly receiver: string
  readonly since: Date
  readonly lastFailureAt: Date
  readonly failures: number
  readonly error: string
}

export type WorkspaceDifference = {
  readonly is: 'added' | 'changed' | 'removed'
  readonly at: string
  readonly detail?: string
  readonly pending?: { readonly events: number; readonly actions: number }
}

export type WorkspaceApplied = {
  readonly applied: boolean
  readonly changes: readonly WorkspaceDifference[]
  readonly cancelled: readonly CancelOutcome[]
}

/** Facts about the server, for the start page, `status` and /api/v1/status. */
export type ServerFacts = {
  readonly version: string
  readonly publicUrl: string
  readonly tlsUrl: string | null
  /** 'embedded PostgreSQL 18.4', 'PostgreSQL 16.2 at db.example'. Never a password. */
  readonly database: string
  /** 'kept and shown here' or 'sent through mail.example'. */
  readonly mail: string
  readonly demo: boolean
  isSandbox(tenant: string): Promise<boolean>
}

export type NativeNeeds = {
  readonly db: NativeDatabase
  readonly engine: NativeEngine
  readonly auth: Pick<Auth, 'authenticate' | 'session' | 'securityLog'>
  readonly names: NameFinder
  readonly receiptFinder: ReceiptFinder
  readonly events: EventFinder
  /** Checks actions that announce events of other rooms. */
  readonly effects: EffectNeeds
  /** Counts streams and waits. */
  readonly longResponses: Pick<LongResponses, 'begin' | 'limits'>
  readonly meetings: PersonMeetings
  /** The id of an app of the tenant, by its name or id; null: the tenant has no such app now. */
  appIdOf(tenant: string, nameOrId: string): Promise<string | null>
  readonly mail: KeptMail
  readonly webhookSecrets: SigningSecrets
  /** Receivers of the tenant's webhooks that have failed for long, and the mail server if it has failed for long. */
  failingReceivers(tenant: string): Promise<readonly FailingReceiver[]>
  readonly facts: ServerFacts
  /** Compares a workspace file with the present workspace, and applies it if `apply`. @throws Fault for a bad file */
  workspace(
    principal: Principal,
    text: string,
    options: { readonly apply: boolean; readonly prune: boolean; readonly pending?: 'cancel' | 'keep' },
  ): Promise<WorkspaceApplied>
}
