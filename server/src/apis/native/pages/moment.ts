// Instants as people read them: UTC, said so, to the second; the machine's spelling beside it.

import { ownInstant } from '../../../core/instant.ts'
import { type Html, html } from '../../../http/html.ts'

const DAY = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
})
const TIME = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'UTC' })

export function moment(instant: string): Html {
  return html`<time datetime="${instant}" title="${instant}">${momentText(instant)}</time>`
}

/** 'Sat, 21 Nov 2026, 03:04:05 UTC' */
export function momentText(instant: string): string {
  const at = ownInstant(instant)
  return `${DAY.format(at).replace(/^(\w+) /, '$1, ')}, ${TIME.format(at)} UTC`
}

/** For rows of a list: '21 Nov 2026, 03:04:05 UTC' */
export function briefMoment(instant: string): Html {
  const text = momentText(instant).replace(/^\w+, /, '')
  return html`<time datetime="${instant}" title="${instant}">${text}</time>`
}
