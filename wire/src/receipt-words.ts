// The words of a receipt, which are the same on its page and in a terminal.

import type { OutcomeCounts, ReceiptView } from './receipt.ts'

type Outcome = Exclude<keyof OutcomeCounts, 'total'>

/** The most urgent first: the order in which an operator who was woken up wants to read them. */
export const OUTCOME_ORDER: readonly Outcome[] = [
  'too_late',
  'in_doubt',
  'stopping',
  'prevented',
  'stopped',
  'already_ended',
  'kept',
  'already_cancelled',
]

export const OUTCOME_WORDS: {
  readonly [outcome in Outcome]: { readonly short: string; readonly means: string }
} = {
  prevented: { short: 'Prevented', means: 'had not started, and never will' },
  stopped: { short: 'Stopped', means: 'was running, and had no effect' },
  too_late: { short: 'Too late', means: 'was running, and took effect' },
  already_ended: { short: 'Over before', means: 'had ended before the cancel' },
  in_doubt: { short: 'In doubt', means: 'was running; nobody can say whether it took effect' },
  kept: { short: 'Kept', means: 'goes on: it was meant to survive a cancel' },
  already_cancelled: { short: 'Cancelled before', means: 'an earlier cancel had reached it' },
  stopping: { short: 'Stopping', means: 'is running, and was asked to stop' },
}

export const API_WORDS: { readonly [api: string]: string } = {
  graph: 'the calendar API (Graph)',
  wix: 'the automations API (Wix)',
  cif: 'the notifications API (CIF)',
  native: 'the native API',
}

/** The whole receipt in one or two sentences. */
export function verdict(receipt: ReceiptView): string {
  const waited = receipt.innerSteps.some(step => step.outcome === 'prevented' || step.outcome === 'stopped')
  const actions = verdictOfActions(receipt, waited)
  return waited
    ? `${actions} It was called off while it waited: what was to come next will not happen.`
    : actions
}

function verdictOfActions({ counts, state, early, events }: ReceiptView, waited: boolean): string {
  if (counts.total === 0) {
    if (early && early.metEventIds.length === 0)
      return 'Nothing was there to call off yet: the cancel waits for its event.'
    if (early) return 'The cancel came first; the event that it waited for was cancelled as it was announced.'
    if (waited) return 'Nothing got through.'
    return events.length === 0 ? 'Nothing was there to call off.' : 'It was called off. Nothing hung from it.'
  }
  if (counts.already_ended === counts.total) {
    const ended = counts.total === 1 ? 'the one action' : `all ${counts.total} actions`
    if (waited) return `${ended.replace(/^./, first => first.toUpperCase())} had ended before.`
    return `Nothing was left to prevent: ${ended} had ended before.`
  }
  const parts = OUTCOME_ORDER.filter(outcome => counts[outcome] > 0).map(
    outcome =>
      `${counts[outcome]} ${outcome === 'stopping' ? 'still stopping' : OUTCOME_WORDS[outcome].short.toLowerCase()}`,
  )
  const clean = counts.prevented + counts.stopped + counts.kept + counts.already_cancelled === counts.total
  if (clean && state === 'final') return `Nothing got through: ${parts.join(', ')}.`
  return `${parts.join(', ')}.`.replace(/^./, first => first.toUpperCase())
}
