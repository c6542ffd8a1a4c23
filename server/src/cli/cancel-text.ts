// Prints the result of a cancel, or of its preview, in a terminal.

import type { CancelledListView, CancelledView, NameOwner } from '@standdown/wire/src/cancellation.ts'
import type { PreviewView } from '@standdown/wire/src/preview.ts'
import type { ReceiptView } from '@standdown/wire/src/receipt.ts'
import { OUTCOME_ORDER, OUTCOME_WORDS, verdict } from '@standdown/wire/src/receipt-words.ts'
import { oneLine, pad, widest } from './terminal.ts'

/** A sentence for each result that the receipt alone does not explain; null: the receipt says everything. */
export function cameToText(answer: CancelledView | CancelledListView): string | null {
  switch (answer.is) {
    case 'cancelled':
      return null
    case 'repeated':
      return 'This was asked for before: nothing was changed, and the receipt is the one of then.'
    case 'over':
      return 'Nothing was left to call off: it had ended, or had been called off before.'
    case 'waiting':
      return 'Nothing matches yet: the cancel waits for its event.'
    case 'nothing':
      return 'Nothing matches: nobody has that name, and nothing was called off.'
    default:
      return answer.is satisfies never
  }
}

/** Who cancelled, in a few words. */
export function ownerText(of: NameOwner | undefined): string {
  if (of === undefined) return 'One event'
  const { app, site, agent, channel } = of
  if (agent !== null) return oneLine(channel === null ? agent : `${agent}, ${channel}`)
  if (app === null) return 'People'
  return oneLine(site === null ? app : `${app}, ${site}`)
}

/** Several receipts, one line each. */
export function listText(cancelled: readonly CancelledView[], receipts: readonly ReceiptView[]): string {
  const owners = cancelled.map(each => ownerText(each.of))
  const width = widest(owners)
  const lines = receipts.map(
    (receipt, i) => `  ${pad(owners[i] ?? '', width)}  ${oneLine(verdict(receipt))} Receipt ${receipt.id}`,
  )
  return `${receipts.length} have that name, each with a receipt of its own:\n${lines.join('\n')}\n\n`
}

export function previewText(preview: PreviewView): string {
  const { counts } = preview
  const parts = OUTCOME_ORDER.filter(outcome => counts[outcome] > 0).map(
    outcome => `${counts[outcome]} ${OUTCOME_WORDS[outcome].short.toLowerCase()}`,
  )
  const more = preview.itemsAfter === null ? '' : ` among the first ${counts.total}, and there are more`
  const lines = [
    `If it were cancelled now: ${parts.length === 0 ? 'no action hangs from it' : parts.join(', ')}${more}.`,
  ]
  for (const item of preview.items) {
    lines.push(`  ${OUTCOME_WORDS[item.outcome].short.padEnd(16)}  ${oneLine(item.title)}`)
  }
  if (preview.innerSteps.length > 0) lines.push('Waits, which nobody outside notices and are not counted:')
  for (const step of preview.innerSteps) {
    lines.push(`  ${OUTCOME_WORDS[step.outcome].short.padEnd(16)}  ${oneLine(step.title)}`)
  }
  return `${lines.join('\n')}\n`
}
