// Notification templates: what the workspace file says of them, and how one becomes the card that an agent sees. The
// settings, limits and defaults are Dynamics 365's (reference: "Manage notification templates" in Customer Service).

import type { JsonObject } from '../core/json.ts'
import { type FilePosition, SettingReader } from '../core/setting-reader.ts'

export type Template = {
  /** With a publisher's prefix: `contoso_incoming_call`. At most 128 characters; case does not count. */
  readonly uniqueName: string
  readonly name: string
  /** May hold `{slug}`s. At most 100 characters. */
  readonly title: string
  readonly icon: string | null
  /** Seconds, 0 to 500; 0: no timeout. Default 120. Counts from arrival while queued, and in full again from display. */
  readonly timeoutSeconds: number
  /** False hides the number; the timer always runs. */
  readonly showTimeout: boolean
  /** Accepted as soon as it is on the screen, without a click. Default false. */
  readonly autoAccept: boolean
  readonly acceptText: string
  readonly showReject: boolean
  readonly rejectText: string
  readonly desktopNotification: 'never' | 'background' | 'always'
  readonly theme: 'dark' | 'light'
  /** Ordered. `value` is static text with `{slug}`s. */
  readonly fields: readonly { readonly header: string; readonly value: string }[]
}

/** A template filled with one call's parameters: plain text throughout, to be escaped by whoever shows it. */
export type Card = {
  /** Whose call it is, for people. */
  readonly channelLabel: string
  readonly title: string
  readonly icon: string | null
  readonly showTimeout: boolean
  readonly acceptText: string
  readonly rejectText: string | null
  readonly desktopNotification: Template['desktopNotification']
  readonly theme: Template['theme']
  readonly fields: readonly { readonly header: string; readonly value: string }[]
}

const TEMPLATE_SETTINGS = [
  'uniqueName',
  'name',
  'title',
  'icon',
  'timeoutSeconds',
  'showTimeout',
  'autoAccept',
  'acceptText',
  'showReject',
  'rejectText',
  'desktopNotification',
  'theme',
  'fields',
] as const
const UNIQUE_NAME = /^[A-Za-z][A-Za-z0-9]*_\w+$/
const MAX_FIELDS = 50
/** Longest field value that is shown; the documented limit of a field. */
const MAX_VALUE = 1028
const MAX_TITLE = 200
/** Of one call. The rest is passed over: a call is not refused for its decoration. */
const MAX_PARAMETERS = 250

/** What one call fills a template with. */
export type Parameters = {
  readonly values: ReadonlyMap<string, string>
  /** Sentences for whoever announced it: what of it is not used. */
  readonly notes: readonly string[]
}

/** Reads one template of the workspace file; null when it is not an object. Mistakes are noted. */
export function readTemplate(source: unknown, position: FilePosition): Template | null {
  const read = new SettingReader(source, TEMPLATE_SETTINGS, position)
  if (!read.isThere) return null
  const uniqueName = read.text('uniqueName', {
    maxLength: 128,
    pattern: [UNIQUE_NAME, "a publisher's prefix, _ and a name: contoso_incoming_call"],
  })
  return {
    uniqueName,
    name: read.text('name', { maxLength: 100, fallback: uniqueName, anyCharacters: true }),
    title: read.text('title', { maxLength: 100, anyCharacters: true }),
    icon: read.text('icon', { maxLength: 1024, fallback: '', anyCharacters: true }) || null,
    timeoutSeconds: read.integer('timeoutSeconds', { min: 0, max: 500, fallback: 120 }),
    showTimeout: read.flag('showTimeout', true),
    autoAccept: read.flag('autoAccept', false),
    acceptText: read.text('acceptText', { maxLength: 100, fallback: 'Accept', anyCharacters: true }),
    showReject: read.flag('showReject', true),
    rejectText: read.text('rejectText', { maxLength: 100, fallback: 'Reject', anyCharacters: true }),
    desktopNotification: read.choice('desktopNotification', ['never', 'background', 'always']),
    theme: read.choice('theme', ['dark', 'light']),
    fields: read
      .list('fields', MAX_FIELDS)
      .flatMap((item, i) => readField(item, read.position('fields', i)) ?? []),
  }
}

function readField(source: unknown, position: FilePosition): Template['fields'][number] | null {
  const read = new SettingReader(source, ['header', 'value'], position)
  if (!read.isThere) return null
  return {
    header: read.text('header', { maxLength: 200, anyCharacters: true }),
    value: read.text('value', { maxLength: MAX_VALUE, anyCharacters: true }),
  }
}

/** Fills a template. A slug without a value is left empty, and a field that ends up empty is left out. */
export function makeCard(
  template: Template,
  parameters: ReadonlyMap<string, string>,
  channelLabel: string,
): Card {
  const fill = (text: string) =>
    text.replace(/\{(\w+)\}/g, (_, slug: string) => parameters.get(slug) ?? '').trim()
  return {
    channelLabel,
    title: shorten(titleOf(template, parameters, fill), MAX_TITLE),
    icon: template.icon,
    showTimeout: template.showTimeout,
    acceptText: template.acceptText,
    rejectText: template.showReject ? template.rejectText : null,
    desktopNotification: template.desktopNotification,
    theme: template.theme,
    fields: template.fields
      .map(field => ({ header: field.header, value: shorten(fill(field.value), MAX_VALUE) }))
      .filter(field => field.value !== ''),
  }
}

/** A title with a gap in it reads badly ("Chat request from"): the template's name is better than that. */
function titleOf(
  { title, name }: Template,
  parameters: ReadonlyMap<string, string>,
  fill: (text: string) => string,
): string {
  const filled = fill(title)
  const gap = [...title.matchAll(/\{(\w+)\}/g)].some(([, slug]) => !parameters.get(slug ?? '')?.trim())
  return gap || filled === '' ? name : filled
}

/**
 * templateParameters as pages really send them: a flat object of texts; numbers and truth values are read as texts. Whatever else
 * stands there is no reason to lose the call: it leaves a gap.
 */
export function readParameters(given: unknown): Parameters {
  if (given === undefined || given === null) return { values: new Map(), notes: [] }
  if (typeof given !== 'object' || Array.isArray(given))
    return { values: new Map(), notes: ['templateParameters is not an object, and is passed over.'] }
  const names = Object.keys(given)
  const values = new Map<string, string>()
  for (const name of names.slice(0, MAX_PARAMETERS)) {
    const value = (given as JsonObject)[name]
    if (value !== null && value !== undefined && typeof value !== 'object') values.set(name, String(value))
  }
  const notes =
    names.length > MAX_PARAMETERS
      ? [`templateParameters has ${names.length} members; the first ${MAX_PARAMETERS} are used.`]
      : []
  return { values, notes }
}

function shorten(text: string, max: number): string {
  if (text.length <= max) return text
  // Never cut inside a surrogate pair: PostgreSQL refuses half of one.
  return `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
