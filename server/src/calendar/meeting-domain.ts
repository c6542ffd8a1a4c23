// The domain of meetings: what the engine calls about them, inside its own transaction.

import { shardOfId } from '../core/ids.ts'
import type { Domain } from '../engine/domain.ts'
import { MEETING } from './meeting/create-meeting.ts'
import { meetingsCancelled } from './meeting/meeting-cancelled.ts'
import type { CalendarNeeds } from './needs.ts'
import { sql } from './statements.ts'

export function meetingDomain(needs: CalendarNeeds): Domain {
  return {
    eventKind: MEETING,
    wantsSettled: () => false,
    cancelled: (tx, events) => meetingsCancelled(needs, tx, events),
    // A meeting that stands in a calendar can be called off, however long ago its invitations went out.
    async keeps(tx, ids) {
      const rows = await tx.query<{ id: string }>(sql('standing-meetings'), [ids.map(shardOfId), ids])
      return rows.map(row => row.id)
    },
  }
}
