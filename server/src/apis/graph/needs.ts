// What the Graph API needs of the other rooms; compose passes the parts.

import type { Calendar } from '../../calendar/calendar.ts'
import type { CalendarDirectory } from '../../calendar/needs.ts'
import type { FindParent } from '../../core/parent.ts'
import type { Principal } from '../../core/principal.ts'

export type GraphNeeds = {
  readonly calendar: Calendar
  readonly directory: CalendarDirectory & {
    /** `consumers`: its people have personal accounts. */
    tenant(id: string): Promise<{ readonly consumers: boolean } | null>
  }
  readonly auth: {
    /** @throws Fault with status 401 for a missing or bad token */
    authenticate(header: string | undefined, options: { readonly scheme: 'bearer' }): Promise<Principal>
  }
  readonly findParent: FindParent
  /** The origin of every link. */
  readonly publicUrl: () => string
  readonly now: () => Date
}
