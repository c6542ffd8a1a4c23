// A request of the Graph API after its path and headers were read, and the response to it.

import type { Principal } from '../../core/principal.ts'
import type { GraphNeeds } from './needs.ts'
import type { Step } from './path.ts'
import type { Preferences } from './preferences.ts'

/** The draft of 2016-17 was published under `/docs/api`. At that prefix its forms answer as the draft says. */
export type Version = 'v1.0' | 'beta' | 'docs/api'

export type GraphRequest = {
  readonly needs: GraphNeeds
  readonly principal: Principal
  readonly version: Version
  readonly method: string
  readonly steps: readonly Step[]
  /** The path after the version, as it was sent. `search`: the query without its question mark. */
  readonly path: string
  readonly search: string
  /** Public URL and version: the beginning of every link. */
  readonly root: string
  readonly prefer: Preferences
  readonly body: unknown
  /** The client's own id of the request; null when it sent none. */
  readonly clientRequestId: string | null
  /** The header Standdown-Parent, as it was sent. */
  readonly parent: string | readonly string[] | undefined
  /** The header If-Match; null for none. */
  readonly ifMatch: string | null
}

export type GraphResponse = {
  readonly status: number
  /** Undefined: no body and no Content-Type. */
  readonly body?: object
  readonly receiptId?: string
  readonly location?: string
}
