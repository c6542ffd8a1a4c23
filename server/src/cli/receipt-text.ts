// Prints a receipt in a terminal: first the result, then who cancelled and when, then each action.

import type { ReceiptItemView, ReceiptView } from '@standdown/wire/src/receipt.ts'
import { API_WORDS, OUTCOME_ORDER, OUTCOME_WORDS, verdict } from '@standdown/wire/src/receipt-words.ts'
import type { CliIo } from './cli-io.ts'
import { fit, oneLine, type Paint, pad, palette, widest, wrapped } from './terminal.ts'

type Outcome = ReceiptItemView['outcome']

const INDENT = 2

export function receiptText(receipt: ReceiptView, io: Pick<CliIo, 'isTerminal' | 'env' | 'columns'>): string {
  const paint = palette(io)
  const colours: { readonly [outcome in Outcome]: Paint } = {
    prevented: paint.green,
    stopped: paint.green,
    too_late: paint.yellow,
    in_doubt: paint.red,
    already_ended: paint.dim,
    kept: paint.dim,
    already_cancelled: paint.dim,
    stopping: paint.blue,
  }
  const width = Math.max(60, Math.min(io.columns, 110))
  const lines = [
    paint.dim('─'.repeat(width)),
    `${paint.bold(oneLine(title(receipt)))}  ${stateWord(receipt, paint)}`,
    oneLine(verdict(receipt)),
    paint.dim(
      `By ${oneLine(receipt.by.name)} through ${API_WORDS[receipt.by.api] ?? receipt.by.api}, ${when(receipt.cancelledAt)}`,
    ),
  ]
  if (receipt.reason) lines.push(`“${oneLine(receipt.reason)}”`)
  if (receipt.early && receipt.early.metEventIds.length === 0)
    lines.push(`Waits for its event until ${when(receipt.early.until)}`)
  if (receipt.items.length > 0) lines.push('')

  const shown = OUTCOME_ORDER.filter(outcome => receipt.counts[outcome] > 0)
  const labelWidth = widest(shown.map(outcome => OUTCOME_WORDS[outcome].short))
  const titleWidth = width - INDENT - labelWidth - 2 - WHEN_WIDTH - 2
  for (const item of receipt.items) {
    const label = colours[item.outcome](pad(OUTCOME_WORDS[item.outcome].short, labelWidth))
    const what = pad(fit(oneLine(item.title), titleWidth), titleWidth)
    lines.push(`${' '.repeat(INDENT)}${label}  ${what}  ${paint.dim(itemWhen(item))}`)
    const more = ' '.repeat(INDENT + labelWidth + 2)
    for (const about of itemMore(item)) {
      for (const part of wrapped(oneLine(about), width - more.length)) lines.push(more + paint.dim(part))
    }
  }
  if (receipt.innerSteps.length > 0) {
    lines.push('', 'Waits, which nobody outside notices and are not counted:')
    for (const step of receipt.innerSteps) {
      lines.push(
        `  ${oneLine(step.title)}  ${paint.dim(`${OUTCOME_WORDS[step.outcome].short.toLowerCase()}, ${itemWhen(step)}`)}`,
      )
      for (const about of itemMore(step)) lines.push(paint.dim(`    ${oneLine(about)}`))
    }
  }
  if (receipt.itemsAfter !== null)
    lines.push(paint.dim(`  … and more: ${receipt.link}?after=${receipt.itemsAfter}`))

  if (receipt.notices.length > 0) {
    lines.push('', 'Told because of this cancel:')
    for (const notice of receipt.notices) {
      const mark =
        notice.state === 'done'
          ? paint.green('sent')
          : notice.state === 'dead'
            ? paint.red('failed')
            : notice.state
      lines.push(`  ${oneLine(notice.title)}  ${mark}`)
    }
  }
  for (const note of receipt.notes) lines.push(paint.dim(`  ${when(note.at)}: ${oneLine(note.text)}`))
  lines.push(paint.dim(`Receipt ${receipt.id}`))
  return `${lines.join('\n')}\n\n`
}

/** The width of the column: 'due 21 Nov 03:04' is the longest text in it. */
const WHEN_WIDTH = 16

function title(receipt: ReceiptView): string {
  const [first, ...more] = receipt.events
  const name = first?.title ?? receipt.target.key ?? receipt.target.entity
  return more.length === 0 ? name : `${name} and ${more.length} more`
}

function stateWord(receipt: ReceiptView, paint: ReturnType<typeof palette>): string {
  if (receipt.state === 'final') return paint.dim('final')
  const marked = receipt.progress ? `, ${receipt.progress.marked} written down so far` : ''
  return paint.blue(`${receipt.state}${marked}, final by ${when(receipt.finalBy)}`)
}

function itemWhen(item: ReceiptItemView): string {
  const neverRan = item.outcome === 'prevented' || item.outcome === 'kept' || item.at === null
  return neverRan ? `due ${short(item.dueAt)}` : short(item.at!)
}

function itemMore(item: ReceiptItemView): string[] {
  const lines: string[] = []
  if (item.outcome === 'already_ended' && item.ending !== null && item.ending !== 'done')
    lines.push(`had ended: ${item.ending}`)
  if (item.next.length > 0) lines.push(`not reached any more: ${item.next.join(' → ')}`)
  return lines
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sept', 'Oct', 'Nov', 'Dec']

/** '21 Nov 03:04', in UTC. */
function short(instant: string): string {
  const at = new Date(instant)
  const day = String(at.getUTCDate()).padStart(2, '0')
  return `${day} ${MONTHS[at.getUTCMonth()]} ${at.toISOString().slice(11, 16)}`
}

/** '21 Nov 2026 03:04:05 UTC' */
export function when(instant: string): string {
  const at = new Date(instant)
  const [day, time] = short(instant).split(/ (?=\d\d:)/)
  return `${day} ${at.getUTCFullYear()} ${time}:${String(at.getUTCSeconds()).padStart(2, '0')} UTC`
}
