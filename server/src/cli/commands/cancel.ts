import { durationMs } from '@standdown/wire/src/duration.ts'
import type { CancelledView, PreviewView, ReceiptView } from '@standdown/wire/src/receipt.ts'
import { OUTCOME_ORDER, OUTCOME_WORDS } from '@standdown/wire/src/receipt-words.ts'
import { type Command, type CommandInput, seconds, text } from '../command.ts'
import { EXIT, usage } from '../exit.ts'
import { receiptText } from '../receipt-text.ts'
import { ServerClient } from '../server-client.ts'
import { json, line } from '../terminal.ts'

export const cancelCommand: Command = {
  name: 'cancel',
  summary: 'Call an event off, and print the receipt.',
  usage: 'EVENT_ID | --key KEY [--entity ENTITY]',
  options: {
    key: { type: 'string', help: 'KEY  every live event that was announced with it' },
    entity: { type: 'string', help: 'ENTITY  what the key is about; default: the key itself' },
    reason: { type: 'string', help: 'TEXT  passed on to people, and kept on the receipt' },
    early: {
      type: 'string',
      help: 'TIME  how long it waits for its event (15m, 2h; 0s: not at all); default 15m',
    },
    wait: { type: 'string', help: 'SECONDS  for the receipt to become final; default 30' },
    preview: { type: 'boolean', help: 'only say what it would do' },
    json: { type: 'boolean', help: 'the receipt as JSON' },
  },
  words: [0, 1],
  notes: `Examples:
  ./standdown cancel --key order-1017 --reason "Out of stock"
  ./standdown cancel 019a9f1c-77a2-8b3c-9d10-2f6e5a7c1b2d --preview`,
  async run(input) {
    const target = targetOf(input)
    // All that can be wrong with the line is said before anything is called off.
    const call = { ...target, ...reasonOf(input), ...earlyOf(input) }
    const wait = seconds(input, 'wait') ?? '30'
    const { io, flags } = input
    const client = await ServerClient.find(io)
    if (flags.preview === true) {
      const preview = await client.json<PreviewView>('/api/v1/previews', { body: target })
      io.stdout(flags.json === true ? json(preview) : previewText(preview))
      return EXIT.ok
    }
    const cancelled = await client.json<CancelledView>('/api/v1/cancellations', { body: call })
    const receipt = await client.json<ReceiptView>(`${cancelled.receipt}?wait=${wait}`)
    io.stdout(flags.json === true ? json(receipt) : receiptText(receipt, io))
    return EXIT.ok
  },
}

function targetOf(input: CommandInput): { eventId: string } | { key: string; entity?: string } {
  const key = text(input, 'key')
  const entity = text(input, 'entity')
  const [eventId] = input.words
  if ((key === undefined) === (eventId === undefined))
    throw usage('Give an event id, or --key: one of the two.')
  if (eventId !== undefined) return { eventId }
  return { key: key!, ...(entity === undefined ? {} : { entity }) }
}

function reasonOf(input: CommandInput): { reason?: string } {
  const reason = text(input, 'reason')
  return reason === undefined ? {} : { reason }
}

function earlyOf(input: CommandInput): { earlyMs?: number } {
  const early = text(input, 'early')
  if (early === undefined || text(input, 'key') === undefined) return {}
  if (/^0[smhdw]?$/.test(early)) return { earlyMs: 0 }
  const ms = durationMs(early)
  if (ms === null) throw usage(`--early ${early} is not a time such as 15m, 2h or 1d.`)
  return { earlyMs: ms }
}

function previewText(preview: PreviewView): string {
  const { counts } = preview
  if (preview.eventIds.length + preview.items.length + preview.innerSteps.length === 0)
    return 'Nothing live matches; the cancel would wait for its event.\n'
  const parts = OUTCOME_ORDER.filter(outcome => counts[outcome] > 0).map(
    outcome => `${counts[outcome]} ${OUTCOME_WORDS[outcome].short.toLowerCase()}`,
  )
  const more = preview.itemsAfter === null ? '' : ` among the first ${counts.total}, and there are more`
  const lines = [
    `If it were cancelled now: ${parts.length === 0 ? 'no action hangs from it' : parts.join(', ')}${more}.`,
  ]
  for (const item of preview.items) {
    lines.push(`  ${OUTCOME_WORDS[item.outcome].short.padEnd(16)}  ${line(item.title)}`)
  }
  if (preview.innerSteps.length > 0) lines.push('Waits, which nobody outside notices and are not counted:')
  for (const step of preview.innerSteps) {
    lines.push(`  ${OUTCOME_WORDS[step.outcome].short.padEnd(16)}  ${line(step.title)}`)
  }
  return `${lines.join('\n')}\n`
}
