import type { CancelBy, CancelledListView, CancelledView } from '@standdown/wire/src/cancellation.ts'
import { durationMs } from '@standdown/wire/src/duration.ts'
import type { PreviewListView, PreviewView } from '@standdown/wire/src/preview.ts'
import type { ReceiptView } from '@standdown/wire/src/receipt.ts'
import { cameToText, listText, ownerText, previewText } from '../cancel-text.ts'
import { type Command, type CommandInput, seconds, text } from '../command.ts'
import { CommandEnd, EXIT, usage } from '../exit.ts'
import { receiptText } from '../receipt-text.ts'
import { ServerClient } from '../server-client.ts'
import { json } from '../terminal.ts'

export const cancelCommand: Command = {
  name: 'cancel',
  summary: 'Call an event off, and print the receipt.',
  usage: 'EVENT_ID | --key KEY | --trigger KEY --entity GUID | --token TOKEN',
  options: {
    key: { type: 'string', help: 'KEY  every live event that was announced with it, by whatever app' },
    entity: {
      type: 'string',
      help: 'ENTITY  what the key is about (default: the key itself), or the trigger (externalEntityId)',
    },
    trigger: { type: 'string', help: 'KEY  of a trigger (Wix), with --entity' },
    token: { type: 'string', help: 'TOKEN  cancellationToken of a notification (CIF)' },
    app: { type: 'string', help: "APP  only this app's: its name or id, or people; default: everybody's" },
    agent: { type: 'string', help: "UPN  only this agent's, with --token; default: everybody's" },
    reason: { type: 'string', help: 'TEXT  passed on to people, and kept on the receipt' },
    early: {
      type: 'string',
      help: 'TIME  with --app: how long it waits for its event (15m, 2h; 0s: not at all); default 15m',
    },
    wait: { type: 'string', help: 'SECONDS  for the receipt to become final; default 30' },
    preview: { type: 'boolean', help: 'only say what it would do' },
    json: { type: 'boolean', help: 'the receipt as JSON' },
  },
  words: [0, 1],
  notes: `EVENT_ID is an event's id in the form of one of the APIs. Where several have the name, each gets a receipt; they are listed first.
Exit code ${EXIT.nothing}: nothing matched.

Examples:
  ./standdown cancel --key order-1017 --reason "Out of stock"
  ./standdown cancel --trigger invoice_due --entity 16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c
  ./standdown cancel 019a9f1c-77a2-8b3c-9d10-2f6e5a7c1b2d --preview`,
  async run(input) {
    const target = targetOf(input)
    // All arguments are checked before anything is cancelled.
    const call = { ...target, ...reasonOf(input), ...earlyOf(input) }
    const wait = seconds(input, 'wait') ?? '30'
    const client = await ServerClient.find(input.io)
    return input.flags.preview === true
      ? await preview(client, input, target)
      : await cancel(client, input, { call, wait })
  },
}

async function preview(client: ServerClient, { io, flags }: CommandInput, target: CancelBy): Promise<number> {
  const answer = await client.json<PreviewView | PreviewListView>('/api/v1/previews', { body: target })
  const pages = 'previews' in answer ? answer.previews : [answer]
  if (flags.json === true) io.stdout(json(answer))
  if (pages.every(page => page.eventIds.length + page.items.length + page.innerSteps.length === 0))
    throw new CommandEnd(EXIT.nothing, 'Nothing live matches: a cancel would call nothing off.')
  if (flags.json === true) return EXIT.ok
  for (const page of pages) {
    if (pages.length > 1) io.stdout(`${ownerText(page.of)}\n`)
    io.stdout(previewText(page))
  }
  return EXIT.ok
}

async function cancel(
  client: ServerClient,
  { io, flags }: CommandInput,
  { call, wait }: { readonly call: object; readonly wait: string },
): Promise<number> {
  const answer = await client.json<CancelledView | CancelledListView>('/api/v1/cancellations', { body: call })
  const { is } = answer
  const cancelled = 'receipts' in answer ? answer.receipts : [answer]
  const isNothing = is === 'nothing' || is === 'waiting'
  // This is printed before the receipt, which could otherwise be taken for a successful cancel.
  const sentence = cameToText(answer)
  if (sentence !== null && (isNothing || flags.json === true)) io.stderr(`standdown: ${sentence}\n`)
  const receipts = await Promise.all(
    cancelled.map(each => client.json<ReceiptView>(`${each.receipt}?wait=${wait}`)),
  )
  if (flags.json === true) {
    const whole = cancelled.map(({ is: each, of }, i) => ({ ...receipts[i], is: each, of }))
    const shown = 'receipts' in answer ? { is, receipts: whole } : whole[0]
    io.stdout(json(shown))
    return isNothing ? EXIT.nothing : EXIT.ok
  }
  if (sentence !== null && !isNothing) io.stdout(`${sentence}\n`)
  if (receipts.length > 1) io.stdout(listText(cancelled, receipts))
  for (const receipt of receipts) io.stdout(receiptText(receipt, io))
  return isNothing ? EXIT.nothing : EXIT.ok
}

const WAYS = ['key', 'trigger', 'token'] as const

function targetOf(input: CommandInput): CancelBy {
  const [eventId] = input.words
  const given = WAYS.filter(way => text(input, way) !== undefined)
  if (given.length + input.words.length !== 1)
    throw usage('Give an event id, --key, --trigger or --token: one of them.')
  const [way] = given
  const key = text(input, 'key')
  const triggerKey = text(input, 'trigger')
  const cancellationToken = text(input, 'token')
  const entity = text(input, 'entity')
  const app = text(input, 'app')
  const agent = text(input, 'agent')
  // An option of another way to cancel would be ignored, and more would be cancelled than the caller means.
  if (entity !== undefined && way !== 'key' && way !== 'trigger')
    throw usage('--entity goes with --key or --trigger.')
  if (app !== undefined && way !== 'key' && way !== 'trigger')
    throw usage('--app goes with --key or --trigger.')
  if (agent !== undefined && way !== 'token') throw usage('--agent goes with --token.')
  const ofApp = app === undefined ? {} : { app }
  if (key !== undefined) return { key, ...(entity === undefined ? {} : { entity }), ...ofApp }
  if (triggerKey !== undefined) {
    if (entity === undefined) throw usage('--trigger needs --entity: what the trigger was reported about.')
    return { triggerKey, externalEntityId: entity, ...ofApp }
  }
  if (cancellationToken !== undefined) return { cancellationToken, ...(agent === undefined ? {} : { agent }) }
  return { eventId: eventId! }
}

function reasonOf(input: CommandInput): { reason?: string } {
  const reason = text(input, 'reason')
  return reason === undefined ? {} : { reason }
}

function earlyOf(input: CommandInput): { earlyMs?: number } {
  const early = text(input, 'early')
  if (early === undefined) return {}
  if (text(input, 'key') === undefined) throw usage('--early goes with --key.')
  if (/^0[smhdw]?$/.test(early)) return { earlyMs: 0 }
  const ms = durationMs(early)
  if (ms === null) throw usage(`--early ${early} is not a time such as 15m, 2h or 1d.`)
  return { earlyMs: ms }
}
