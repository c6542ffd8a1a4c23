// Notification templates: what the workspace file says of them, and how one becomes the card that an agent sees. The
// settings, limits and defaults are Dynamics 365's (reference: "Manage notification templates" in Customer Service).

import type { JsonObject } from '../core/json.ts'
import { type FilePosition, SettingReader } from '../core/setting-reader.ts'
import { notificationFaults } from './faults.ts'

export type Template = {
  /** With a publisher's prefix: `contoso_incoming_call`. At most 128 characters; case does not count. */
  readonly uniqueName: string
  readonly name: string
  /** May hold `{slug}`s. At most 100 characters. */
  readonly title: string
  readonly icon: string | null
  /** Seconds, 0 to 500. Default 120. Counts from arrival while queued, and in full again from display. */
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

/** Slugs that are filled from the conversation; one that is not known yet is left empty. */
const KNOWN_SLUGS = new Set([
  'customerName',
  'caseId',
  'caseTitle',
  'queueId',
  'visitorLanguage',
  'visitorDevice',
])

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

/**
 * Fills a template. A known slug without a value is left empty, and a field that ends up empty is left out; any other slug
 * has to be in `parameters`, else NotificationTemplateResolverNotFoundError.
 */
export function makeCard(
  template: Template,
  parameters: ReadonlyMap<string, string>,
  channelLabel: string,
): Card {
  const fill = (text: string) =>
    text
      .replace(/\{(\w+)\}/g, (_, slug: string) => {
        const value = parameters.get(slug)
        if (value !== undefined) return value
        if (KNOWN_SLUGS.has(slug)) return ''
        throw notificationFaults.NotificationTemplateResolverNotFoundError({
          template: template.uniqueName,
          slug,
        })
      })
      .trim()
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
 * templateParameters as given: a flat object of texts (numbers and truth values are read as text, null as none).
 * Throws RejectAfterClientError for anything else.
 */
export function readParameters(given: unknown): ReadonlyMap<string, string> {
  if (given === undefined || given === null) return new Map()
  if (typeof given !== 'object' || Array.isArray(given))
    throw notificationFaults.RejectAfterClientError({ what: 'templateParameters has to be an object.' })
  const parameters = new Map<string, string>()
  for (const [name, value] of Object.entries(given as JsonObject)) {
    if (value === null) continue
    if (typeof value === 'object')
      throw notificationFaults.RejectAfterClientError({
        what: `templateParameters.${name} has to be a text.`,
      })
    parameters.set(name, String(value))
  }
  return parameters
}

function shorten(text: string, max: number): string {
  if (text.length <= max) return text
  // Never cut inside a surrogate pair: PostgreSQL refuses half of one.
  return `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
