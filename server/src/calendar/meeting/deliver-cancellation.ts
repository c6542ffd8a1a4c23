// Carrier `calendar.deliver-cancel`, a notice of a cancellation: marks an attendee's copy and puts the cancellation into
// the Inbox, in one commit. The copy stays until its owner removes it, as in Exchange.

import type { Carrier } from '../../core/effects/carrier.ts'
import {
  CALENDAR_DELIVER_CANCEL,
  type CalendarDeliverCancelData,
  describeCarrier,
} from '../../core/effects/effect-kinds.ts'
import { shardOfId } from '../../core/ids.ts'
import { insertMessages } from '../mailbox/messages.ts'
import type { CalendarNeeds } from '../needs.ts'
import { sql } from '../statements.ts'
import type { MessageData } from './meeting.ts'

export type CancellationDelivery = Omit<CalendarDeliverCancelData, 'message'> & {
  readonly message: MessageData
}

export function cancellationCarrier(needs: CalendarNeeds): Carrier {
  return {
    ...describeCarrier(CALENDAR_DELIVER_CANCEL),
    slots: 8,
    async run(effect) {
      const { meetingId, mailboxId, message } = effect.data as unknown as Partial<CancellationDelivery>
      if (!meetingId || !mailboxId || !message)
        return { is: 'failed', error: 'the effect does not name a copy' }
      const { tenant } = effect
      const at = await needs.engine.now(tenant)
      return await needs.db.transaction(CALENDAR_DELIVER_CANCEL, async tx => {
        const shard = shardOfId(meetingId)
        const values = [shard, meetingId, tenant, mailboxId, message.subject, at]
        const marked = await tx.query(sql('mark-copy-cancelled'), values)
        const mailbox = { tenant, id: mailboxId }
        const inbox = { folder: 'inbox', kind: 'meetingCancelled', sentAt: at } as const
        await insertMessages(tx, [{ ...inbox, id: effect.id, mailbox, meetingId, data: message }])
        return {
          is: 'done',
          evidence: { copy: marked.length > 0 ? 'marked' : 'marked before', folder: 'inbox' },
        }
      })
    },
  }
}
