// A request of the Graph API after its outside was read, and what is answered.

import type { Principal } from '../../core/principal.ts'
import type { GraphNeeds } from './needs.ts'
import type { Step } from './path.ts'
import type { Preferences } from './preferences.ts'

/** `/docs/api` is where the draft of 2016-17 was published; its forms answer there as it says. */
export type Version = 'v1.0' | 'beta' | 'docs/api'

export type Asked = {
  readonly needs: GraphNeeds
  readonly principal: Principal
  readonly version: Version
  readonly method: string
  readonly steps: readonly Step[]
  /** The path behind the version, as it came; the query without its question mark. */
  readonly path: string
  readonly search: string
  /** Public URL and version: what links begin with. */
  readonly root: string
  readonly prefer: Preferences
  readonly body: unknown
  /** Given by the client; null when it gave none. */
  readonly clientRequestId: string | null
  /** The header Standdown-Parent, as it came. */
  readonly parent: string | readonly string[] | undefined
  /** The header If-Match; null for none. */
  readonly ifMatch: string | null
}

export type Answer = {
  readonly status: number
  /** Undefined: no body and no Content-Type. */
  readonly body?: object
  readonly receiptId?: string
  readonly location?: string
}
