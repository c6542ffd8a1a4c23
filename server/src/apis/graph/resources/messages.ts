// Messages about meetings, and the folders of a mailbox.

import { MAIL_FOLDERS } from '../../../calendar/meeting/meeting.ts'
import { graphFault } from '../faults.ts'
import type { GraphRequest, GraphResponse } from '../graph-request.ts'
import type { Query } from '../query.ts'
import { list, one, ownerContext, paged, pageOf, type Resources, scopeOf, type Written } from '../resource.ts'
import { writeEvent } from '../write-event.ts'
import { writeFolder, writeMessage } from '../write-message.ts'

const NEED = 'mail.read'

export const messagesAndFolders: Resources = {
  messages: { GET: { summary: 'Messages about meetings.', need: NEED, query: 'list', run: messages } },
  message: { GET: { summary: 'A message about a meeting.', need: NEED, query: 'one', run: message } },
  mailFolders: { GET: { summary: 'The folders of a mailbox.', need: NEED, query: 'list', run: mailFolders } },
  mailFolder: { GET: { summary: 'A folder of a mailbox.', need: NEED, query: 'one', run: mailFolder } },
}

async function messages(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const { mailbox, folder } = await scopeOf(request)
  const context = `${ownerContext(mailbox)}/messages`
  const found = await request.needs.calendar.listMessages(mailbox, { ...pageOf(query), folder })
  const values: Written[] = found.map(written => writeMessage(written, mailbox, request.prefer))
  // Events that were deleted from a calendar are in Deleted Items too, as events.
  if (folder === 'deleteditems') {
    const list = { folder, calendarId: null, window: null, ...pageOf(query) }
    const items = await request.needs.calendar.listItems(mailbox, list)
    for (const item of items)
      values.push({ '@odata.type': '#microsoft.graph.event', ...writeEvent(item, mailbox, request) })
  }
  return list(request, query, { context, values })
}

async function message(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const scope = await scopeOf(request)
  if (!scope.message) throw graphFault.ErrorItemNotFound()
  const context = `${ownerContext(scope.mailbox)}/messages`
  return one(request, query, { context, value: writeMessage(scope.message, scope.mailbox, request.prefer) })
}

async function mailFolders(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const { mailbox } = await scopeOf(request)
  const values: Written[] = []
  for (const folder of paged(MAIL_FOLDERS, query))
    values.push(writeFolder(folder, mailbox, await request.needs.calendar.countFolder(mailbox, folder)))
  return list(request, query, { context: `${ownerContext(mailbox)}/mailFolders`, values })
}

async function mailFolder(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const { mailbox, folder } = await scopeOf(request)
  if (!folder) throw graphFault.ErrorItemNotFound()
  const value = writeFolder(folder, mailbox, await request.needs.calendar.countFolder(mailbox, folder))
  return one(request, query, { context: `${ownerContext(mailbox)}/mailFolders`, value })
}
