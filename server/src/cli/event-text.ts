// Prints events in a terminal: a list with one line each, or one event with its effects and children.

import type { EffectView, EventView } from '@standdown/wire/src/event.ts'
import type { CountView, EventListView, EventSummary } from '@standdown/wire/src/lists.ts'
import type { CliIo } from './cli-io.ts'
import { when } from './receipt-text.ts'
import { fit, oneLine, type Palette, pad, palette, plain } from './terminal.ts'

type Output = Pick<CliIo, 'isTerminal' | 'env' | 'columns'>

const STATE_WIDTH = 'announced'.length
const ID_WIDTH = 36

export function eventListText({ value, nextPage, stoppedAfter, count }: EventListView, io: Output): string {
  const paint = palette(io)
  const width = Math.max(100, Math.min(io.columns, 160))
  const lines = value.map(event => {
    const next = oneLine(whatNext(event))
    const rest = width - ID_WIDTH - STATE_WIDTH - 6 - [...next].length
    return `${event.id}  ${stateWord(event, paint)}  ${fit(oneLine(event.title), Math.max(20, rest))}  ${paint.dim(next)}`.trimEnd()
  })
  if (value.length === 0) lines.push(stoppedAfter === null ? 'No such event.' : 'No such event so far.')
  if (count) lines.push(paint.dim(`${countText(count)} in all`))
  if (stoppedAfter !== null)
    lines.push(
      paint.dim(`The search stopped after ${stoppedAfter} rows; it goes on with --after ${nextPage}`),
    )
  else if (nextPage !== null) lines.push(paint.dim(`More with --after ${nextPage}`))
  return `${lines.join('\n')}\n`
}

export function countText({ count, isExact }: CountView): string {
  return isExact ? String(count) : count === 0 ? 'unknown' : `${count} or more`
}

function stateWord({ state }: EventSummary, paint: Palette): string {
  const colour = { announced: paint.blue, cancelled: paint.yellow, ended: paint.dim }[state]
  return colour(pad(state, STATE_WIDTH))
}

function whatNext({ next, skipped, state }: EventSummary): string {
  if (next !== null) {
    const failed = next.error === null ? '' : `, attempt ${next.attempt} after: ${next.error}`
    return next.state === 'running' ? `now: ${next.title}` : `${when(next.dueAt)}: ${next.title}${failed}`
  }
  if (skipped[0]) return `skipped: ${skipped[0].code}`
  return state === 'announced' ? 'waits for an answer' : ''
}

export function eventText(event: EventView, io: Output): string {
  const paint = palette(io)
  const rows: { readonly [name: string]: string | null } = {
    Id: event.id,
    Kind: event.api === null ? event.kind : `${event.kind} (${event.api})`,
    Key: event.key,
    Entity: event.entity,
    App: event.app,
    Announced: when(event.createdAt),
    Correlation: event.correlationId,
    Receipt: event.receipt,
    Next: event.next === null ? null : whatNext(event),
  }
  const lines = [`${paint.bold(oneLine(event.title))}  ${stateWord(event, paint)}`]
  for (const [name, value] of Object.entries(rows))
    if (value !== null) lines.push(`${paint.dim(name.padEnd(11))} ${oneLine(value)}`)
  for (const { title, code, why } of event.skipped)
    lines.push(`${paint.dim('Skipped'.padEnd(11))} ${oneLine(title)}: ${oneLine(why)} (${oneLine(code)})`)
  if (event.effects.length > 0) lines.push('', 'Actions')
  for (const effect of event.effects) lines.push(effectLine(effect, paint))
  if (event.effectsAfter !== null) lines.push(paint.dim(`  … and more: effectsAfter=${event.effectsAfter}`))
  if (event.path.length > 0) lines.push('', 'Hangs from')
  for (const { id, title, isCancelled } of event.path)
    lines.push(`  ${id}  ${oneLine(title)}${isCancelled ? paint.dim('  cancelled') : ''}`)
  if (event.children.value.length > 0) lines.push('', 'What hangs from it')
  for (const { id, title, link, isCancelled } of event.children.value)
    lines.push(
      `  ${id}  ${oneLine(title)}${paint.dim(`  ${isCancelled ? 'cancelled' : link === 'keep' ? 'kept' : ''}`)}`,
    )
  if (event.children.after !== null)
    lines.push(paint.dim(`  … and more: childrenAfter=${event.children.after}`))
  lines.push('', 'Data')
  // Line ends within a text are escaped, so every line end here is part of JSON's layout.
  for (const part of JSON.stringify(event.data, null, 2).split('\n')) lines.push(`  ${plain(part)}`)
  return `${lines.map(part => part.trimEnd()).join('\n')}\n`
}

function effectLine(effect: EffectView, paint: Palette): string {
  const time = effect.at === null ? `due ${when(effect.dueAt)}` : when(effect.at)
  const error = effect.error === null ? '' : `  ${oneLine(effect.error)}`
  return `  ${effect.id}  ${pad(effect.state, 10)}  ${oneLine(effect.title)}  ${paint.dim(`${time}${error}`)}`
}
