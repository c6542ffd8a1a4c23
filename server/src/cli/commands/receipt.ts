import type { ReceiptView } from '@standdown/wire/src/receipt.ts'
import { type Command, type CommandInput, seconds, text } from '../command.ts'
import { CommandEnd, EXIT } from '../exit.ts'
import { receiptText } from '../receipt-text.ts'
import { ServerClient } from '../server-client.ts'
import { json } from '../terminal.ts'

const SEARCHES: { readonly [option: string]: string } = {
  key: 'key',
  app: 'app',
  entity: 'entity',
  trigger: 'triggerKey',
  event: 'eventId',
  token: 'cancellationToken',
  correlation: 'correlationId',
}

export const receiptCommand: Command = {
  name: 'receipt',
  summary: 'Show what a cancel did: by its id, by what was cancelled, or the last one.',
  usage: '[RECEIPT_ID] [--key KEY | --trigger KEY --entity GUID | --event ID | …]',
  options: {
    key: { type: 'string', help: 'KEY  of a native event, whichever app announced it' },
    app: { type: 'string', help: "APP  only this app's, with --key: its name or id, or people" },
    entity: { type: 'string', help: 'ENTITY  what the key or the trigger is about (externalEntityId)' },
    trigger: { type: 'string', help: 'KEY  of a trigger (Wix), with --entity' },
    event: { type: 'string', help: 'ID  of an event of any API' },
    token: { type: 'string', help: 'TOKEN  cancellationToken of a notification (CIF)' },
    correlation: { type: 'string', help: 'ID  correlationId' },
    wait: { type: 'string', help: 'SECONDS  until it is final, at most 60' },
    json: { type: 'boolean', help: 'as JSON' },
  },
  words: [0, 1],
  notes: 'Without anything: the last receipt of the workspace.',
  async run(input) {
    const { io, flags } = input
    const wait = seconds(input, 'wait')
    const client = await ServerClient.find(io)
    const id = input.words[0] ?? (await search(client, input))
    const path = `/api/v1/receipts/${encodeURIComponent(id)}${wait === undefined ? '' : `?wait=${wait}`}`
    const receipt = await client.json<ReceiptView>(path)
    io.stdout(flags.json === true ? json(receipt) : receiptText(receipt, io))
    return EXIT.ok
  },
}

async function search(client: ServerClient, input: CommandInput): Promise<string> {
  const query = new URLSearchParams()
  const byTrigger = text(input, 'trigger') !== undefined
  for (const [option, name] of Object.entries(SEARCHES)) {
    const value = text(input, option)
    if (value !== undefined) query.set(name === 'entity' && byTrigger ? 'externalEntityId' : name, value)
  }
  const { value } = await client.json<{ value: readonly ReceiptView[] }>(`/api/v1/receipts?${query}`)
  const [latest] = value
  if (!latest) throw new CommandEnd(EXIT.failed, 'No receipt: nothing like that was cancelled.')
  return latest.id
}
