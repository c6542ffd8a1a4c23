// Instants for people: to the second, marked as UTC. The attributes of the element hold the machine's form.

import { ownInstant } from '../../../core/instant.ts'
import { type Html, html } from '../../../http/html.ts'

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sept', 'Oct', 'Nov', 'Dec']

export function moment(instant: string): Html {
  return html`<time datetime="${instant}" title="${instant}">${momentText(instant)}</time>`
}

/** 'Sat, 21 Nov 2026, 03:04:05 UTC' */
export function momentText(instant: string): string {
  const at = ownInstant(instant)
  const day = `${DAYS[at.getUTCDay()]}, ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`
  return `${day}, ${at.toISOString().slice(11, 19)} UTC`
}

/** For rows of a list: '21 Nov 2026, 03:04:05 UTC' */
export function briefMoment(instant: string): Html {
  const text = momentText(instant).replace(/^\w+, /, '')
  return html`<time datetime="${instant}" title="${instant}">${text}</time>`
}
