// The resources of Graph, one file for each kind. A file here says what every method does on the nodes of its kind, which permission it
// needs, and how it is described; path.ts says which addresses lead there. A resource must not decide what a cancel does: that is the
// calendar's.

import type { Resources } from '../resource.ts'
import { calendarsAndGroups } from './calendars.ts'
import { events } from './events.ts'
import { messagesAndFolders } from './messages.ts'
import { people } from './people.ts'

export const RESOURCES: Resources = { ...people, ...calendarsAndGroups, ...events, ...messagesAndFolders }
