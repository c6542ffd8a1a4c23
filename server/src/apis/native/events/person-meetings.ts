// The meetings of a person: those in the person's own mailbox, and in the mailboxes of the person's groups.

import type { Directory } from '../../../auth/directory/directory.ts'
import type { Calendar } from '../../../calendar/calendar.ts'

export type PersonMeetings = {
  /** Of each mailbox at most {@link MAX_MEETINGS} present and as many deleted meetings: those with the latest start. */
  idsOf(tenant: string, personId: string): Promise<readonly string[]>
  has(tenant: string, personId: string, meetingId: string): Promise<boolean>
}

export const MAX_MEETINGS = 2000

type Needs = {
  readonly directory: Pick<Directory, 'groupsOf'>
  readonly calendar: Pick<Calendar, 'meetingsOf' | 'isInMeeting'>
}

export function createPersonMeetings({ directory, calendar }: Needs): PersonMeetings {
  return {
    async idsOf(tenant, personId) {
      return calendar.meetingsOf(tenant, await mailboxesOf(tenant, personId), MAX_MEETINGS)
    },
    async has(tenant, personId, meetingId) {
      return calendar.isInMeeting(tenant, await mailboxesOf(tenant, personId), meetingId)
    },
  }

  async function mailboxesOf(tenant: string, personId: string): Promise<readonly string[]> {
    return [personId, ...(await directory.groupsOf(tenant, personId)).map(group => group.id)]
  }
}
