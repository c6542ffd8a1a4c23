// What the native API needs of the other rooms, by shape; compose passes the parts.

import type { Auth } from '../../auth/auth.ts'
import type { Principal } from '../../core/principal.ts'
import type { Engine } from '../../engine/engine.ts'
import type { EffectNeeds } from './child-effects.ts'
import type { EventFinder } from './event-finder.ts'
import type { ReceiptFinder } from './receipt-finder.ts'

export type NativeEngine = Pick<
  Engine,
  | 'announce'
  | 'revise'
  | 'cancel'
  | 'preview'
  | 'event'
  | 'effectsOf'
  | 'receipt'
  | 'findReceipts'
  | 'now'
  | 'dead'
  | 'retry'
  | 'advanceClock'
  | 'claimRequestKey'
  | 'answerRequestKey'
>

export type Tx = Parameters<Engine['announce']>[0]

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

/** What signs webhooks; store/webhook-secrets.ts. `ref`: the name of a secret, by default the receiver's origin. */
export interface SigningSecrets {
  list(
    tenant: string,
  ): Promise<readonly { readonly ref: string; readonly createdAt: Date; readonly signing: number }[]>
  /** The newest first. `make`: the first one is made when there is none. */
  show(
    tenant: string,
    ref: string,
    options: { readonly make: boolean },
  ): Promise<
    readonly { readonly secret: string; readonly createdAt: Date; readonly expiresAt: Date | null }[]
  >
  rotate(tenant: string, ref: string, overlapMs: number): Promise<unknown>
}

export type WorkspaceDifference = {
  readonly is: 'added' | 'changed' | 'removed'
  readonly at: string
  readonly detail?: string
}

/** What the server is, for the start page, `status` and /api/v1/status. */
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
  readonly auth: Pick<Auth, 'authenticate' | 'session'>
  readonly find: ReceiptFinder
  readonly events: EventFinder
  /** What actions that make events of other rooms are checked against. */
  readonly effects: EffectNeeds
  readonly mail: KeptMail
  readonly webhookSecrets: SigningSecrets
  readonly facts: ServerFacts
  /** Compares a workspace file with what is there, and applies it when `apply`. Throws a Fault for a bad file. */
  workspace(
    principal: Principal,
    text: string,
    options: { readonly apply: boolean; readonly prune: boolean },
  ): Promise<readonly WorkspaceDifference[]>
}
