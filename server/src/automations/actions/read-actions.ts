// Reads the `actions` of an automation in the workspace file and compiles them to a program. An action is an object with
// one key: mail, webhook, delay or if. They run one after another; after an `if`, whatever stands behind it goes on.

import type { Json } from '../../core/json.ts'
import { ADDRESS_FORM, isAddress } from '../../core/mail-address.ts'
import type { Path } from '../../core/mistakes.ts'
import { type Place, SettingReader, suggestion } from '../../core/setting-reader.ts'
import { readDuration } from '../language/duration.ts'
import type { Program, Step, StepIndex } from '../language/program.ts'
import { everyFieldAs, templateFault } from '../language/template.ts'

/** Most actions of one automation, those in branches included (Wix's builder has the same cap). */
export const MAX_ACTIONS = 45
const MAX_NESTING = 10
const MAX_URL = 2048
const FIELD = /^\w{1,100}(\.\w{1,100})?$/
const NAME = /^[\w.-]{1,100}$/
const KINDS = ['mail', 'webhook', 'delay', 'if'] as const

export type ActionPlace = Place & {
  /** Why nobody could ever call this URL; null when it may work. It is an http or https one. */
  readonly webhookRefusal: (url: URL) => string | null
}

type Position = ActionPlace & { readonly after: StepIndex; readonly depth: number }

/** What is wrong is noted; then nothing may be made of the program. */
export function readActions(actions: unknown, place: ActionPlace): Omit<Program, 'before'> {
  const steps: Step[] = []
  const first = compile(actions, { ...place, after: null, depth: 0 }, steps)
  if (steps.length > MAX_ACTIONS) wrong(place, `has more than ${MAX_ACTIONS} actions`)
  return { first, steps }
}

// From the last action to the first, so that each step's successor has its index already: no cycle can be written.
function compile(actions: unknown, position: Position, steps: Step[]): StepIndex {
  const { path, after, depth } = position
  if (actions === undefined) return miss(position, 'is missing', 'a list of actions')
  if (!Array.isArray(actions)) return miss(position, 'must be a list of actions')
  if (depth > MAX_NESTING) return miss(position, `is nested deeper than ${MAX_NESTING}`)
  if (actions.length > MAX_ACTIONS) return miss(position, `has more than ${MAX_ACTIONS} actions`)
  let next = after
  for (let i = actions.length - 1; i >= 0; i--) {
    const step = readAction(actions[i], { ...position, path: [...path, i], after: next }, steps)
    if (!step) continue
    steps.push(step)
    next = steps.length - 1
  }
  return next
}

function readAction(action: unknown, position: Position, steps: Step[]): Step | null {
  const entries = typeof action === 'object' && action !== null ? Object.entries(action) : []
  if (entries.length !== 1 || Array.isArray(action))
    return miss(position, 'must be one action', `one of ${KINDS.join(', ')}`)
  const [name, body] = entries[0]!
  const at = { ...position, path: [...position.path, name] }
  const next = position.after
  switch (name) {
    case 'mail': {
      const read = new SettingReader(body, ['to', 'subject', 'text'], at)
      if (!read.isThere) return null
      return {
        do: 'mail',
        to: recipient(read),
        subject: template(read, 'subject', 500),
        text: template(read, 'text', 50_000),
        next,
      }
    }
    case 'webhook': {
      const read = new SettingReader(body, ['url', 'type', 'secret'], at)
      if (!read.isThere) return null
      return {
        do: 'webhook',
        url: webhookUrl(read, position.webhookRefusal),
        type: simpleName(read, 'type'),
        secretRef: read.raw('secret') === undefined ? null : simpleName(read, 'secret'),
        next,
      }
    }
    case 'delay': {
      const wait = readDuration(body)
      if (wait) return { do: 'delay', wait, next }
      return miss(at, 'is no time to wait', '"30 minutes", "3 days", "1 month", within Wix\'s bounds')
    }
    case 'if':
      return readCondition(body, at, steps)
    default: {
      const problem = suggestion(`has an unknown action "${name.slice(0, 100)}"`, name, KINDS)
      return miss(position, problem, `one of ${KINDS.join(', ')}`)
    }
  }
}

function readCondition(body: unknown, position: Position, steps: Step[]): Step | null {
  const { after, depth } = position
  const read = new SettingReader(body, ['field', 'equals', 'isEmpty', 'then', 'else'], position)
  if (!read.isThere) return null
  const source = body as { readonly [name: string]: unknown }
  const pattern = [FIELD, 'the name of a payload field, or two with a dot'] as const
  const field = read.text('field', { most: 201, pattern })
  const { equals, isEmpty } = source
  if ((equals === undefined) === (isEmpty === undefined)) miss(position, 'needs either equals or isEmpty')
  if (isEmpty !== undefined && typeof isEmpty !== 'boolean') read.wrong('isEmpty', 'must be true or false')
  if (
    (typeof equals === 'object' && equals !== null) ||
    (typeof equals === 'number' && !Number.isFinite(equals))
  )
    read.wrong('equals', 'must be a text, a finite number, true, false or null')
  const branch = (name: 'then' | 'else'): StepIndex =>
    source[name] === undefined
      ? after
      : compile(source[name], { ...position, path: [...position.path, name], depth: depth + 1 }, steps)
  const test = isEmpty === undefined ? { equals: equals as Json } : { isEmpty: isEmpty === true }
  return { do: 'if', field, test, whenTrue: branch('then'), whenFalse: branch('else') }
}

/** One address; where payload fields stand in it, one that it can become. */
function recipient(read: SettingReader<'to' | 'subject' | 'text'>): string {
  const to = template(read, 'to', 500)
  if (to === '' || couldBeAddress(to)) return to
  read.wrong('to', 'is not a mail address', `${ADDRESS_FORM}, or one made of {{field}}s`)
  return ''
}

function couldBeAddress(text: string): boolean {
  const whole = 'a@a.example'
  const filled = [everyFieldAs(text, () => 'a'), everyFieldAs(text, i => (i === 0 ? whole : ''))]
  return [text, ...filled].some(isAddress)
}

function template<Name extends string>(read: SettingReader<Name>, name: Name, most: number): string {
  const text = read.text(name, { most, anyCharacters: true })
  const bad = templateFault(text)
  if (bad === null) return text
  read.wrong(
    name,
    `has ${JSON.stringify(bad.slice(0, 60).toWellFormed())}`,
    '{{field}} or {{ var("field") }} between braces',
  )
  return ''
}

/** Fixed text: if a payload could write an address, whoever reports could point the server at any host. */
function webhookUrl(
  read: SettingReader<'url' | 'type' | 'secret'>,
  refusal: ActionPlace['webhookRefusal'],
): string {
  const text = read.text('url', { most: MAX_URL })
  if (text === '') return ''
  const refuse = (problem: string, accepted = 'https://host/path'): string => {
    read.wrong('url', problem, accepted)
    return ''
  }
  if (text.includes('{{')) return refuse('may not hold payload fields')
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol)) return refuse('must be an http or https address')
  if (url.username !== '' || url.password !== '') return refuse('may not hold a name or password')
  const why = refusal(url)
  return why === null
    ? text
    : refuse(`could never be called: ${why}`, "a public host, or one of the tenant's webhooks.allow")
}

/** Of an event type, and of a secret. */
function simpleName(read: SettingReader<'url' | 'type' | 'secret'>, name: 'type' | 'secret'): string {
  return read.text(name, {
    most: 100,
    pattern: [NAME, '1 to 100 letters, digits, dots, dashes or underscores'],
  })
}

function wrong({ path, mistakes }: Place, problem: string, accepted?: string): void {
  mistakes.add({ path, problem, ...(accepted === undefined ? {} : { accepted }) })
}

function miss(place: Place & { readonly path: Path }, problem: string, accepted?: string): null {
  wrong(place, problem, accepted)
  return null
}
