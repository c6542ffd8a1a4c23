// Meeting messages and mail folders → JSON of Graph.

import { previewOf } from '../../calendar/meeting/body-text.ts'
import type { Mailbox, MailFolder, MeetingMessage } from '../../calendar/meeting/meeting.ts'
import { encodeOutlookId } from '../../calendar/outlook-id.ts'
import { ownInstant } from '../../core/instant.ts'
import type { Preferences } from './preferences.ts'
import { folderId } from './resolve.ts'
import { timeIn, writeBody } from './write-event.ts'

export function messageId(message: MeetingMessage): string {
  const { mailboxId, id, generation } = message
  return encodeOutlookId({ type: 'message', mailboxId, id, generation })
}

/** The body is converted only if the caller prefers HTML or text. Otherwise it is written as it is, so that a comment stays verbatim. */
export function writeMessage(message: MeetingMessage, mailbox: Mailbox, prefer: Preferences) {
  const { data } = message
  const isFormRequested = prefer.applied.some(text => text.startsWith('outlook.body-content-type'))
  const changeKey = Buffer.from(`${message.id}:0`).toString('base64')
  return {
    '@odata.type':
      message.kind === 'meetingRequest'
        ? '#microsoft.graph.eventMessageRequest'
        : '#microsoft.graph.eventMessage',
    '@odata.etag': `W/"${changeKey}"`,
    id: messageId(message),
    createdDateTime: seconds(message.sentAt),
    lastModifiedDateTime: seconds(message.sentAt),
    changeKey,
    categories: [],
    receivedDateTime: seconds(message.sentAt),
    sentDateTime: seconds(message.sentAt),
    hasAttachments: false,
    internetMessageId: `<${message.id}@${mailbox.address.slice(mailbox.address.lastIndexOf('@') + 1)}>`,
    subject: data.subject,
    bodyPreview: previewOf(message.bodyText),
    importance: 'normal',
    parentFolderId: folderId(mailbox, message.folder),
    isRead: message.folder === 'sentitems',
    isDraft: false,
    body: isFormRequested ? writeBody(data.body, message.bodyText, prefer) : data.body,
    sender: { emailAddress: data.from },
    from: { emailAddress: data.from },
    toRecipients: data.to.map(emailAddress => ({ emailAddress })),
    ccRecipients: [],
    bccRecipients: [],
    meetingMessageType: message.kind,
    type: 'singleInstance',
    isOutOfDate: false,
    isAllDay: data.isAllDay,
    isDelegated: false,
    startDateTime: timeIn(ownInstant(data.startAt), data.start, { isAllDay: data.isAllDay, prefer }),
    endDateTime: timeIn(ownInstant(data.endAt), data.end, { isAllDay: data.isAllDay, prefer }),
    location: { displayName: data.locations[0]?.displayName ?? '' },
    recurrence: null,
  }
}

function seconds(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`
}

const FOLDER_NAMES: { readonly [folder in MailFolder]: string } = {
  inbox: 'Inbox',
  sentitems: 'Sent Items',
  deleteditems: 'Deleted Items',
}

export function writeFolder(folder: MailFolder, mailbox: Mailbox, total: number) {
  return {
    id: folderId(mailbox, folder),
    displayName: FOLDER_NAMES[folder],
    childFolderCount: 0,
    totalItemCount: total,
    isHidden: false,
  }
}
