// Reads the `actions` of an automation in the workspace file and compiles them to a program. An action is an object with
// one key: mail, webhook, delay or if. They run one after another; after an `if`, whatever stands behind it goes on.

import type { Json } from '../core/json.ts'
import { readDuration } from './duration.ts'
import { fault } from './faults.ts'
import type { Program, Step, StepIndex } from './program.ts'
import { templateFault } from './template.ts'

/** Most actions of one automation, those in branches included (Wix's builder has the same cap). */
export const MAX_ACTIONS = 45
const MAX_NESTING = 10
const MAX_URL = 2048
const FIELD = /^\w{1,100}(\.\w{1,100})?$/

/** `at` is the path in the file, for the error. Throws INVALID_WORKSPACE. */
export function readActions(actions: unknown, at: string): Omit<Program, 'before'> {
  const steps: Step[] = []
  const first = compile(actions, { at, after: null, depth: 0 }, steps)
  if (steps.length > MAX_ACTIONS) throw invalid(at, `has more than ${MAX_ACTIONS} actions`)
  return { first, steps }
}

type Place = { readonly at: string; readonly after: StepIndex; readonly depth: number }

// From the last action to the first, so that each step's successor has its index already: no cycle can be written.
function compile(actions: unknown, { at, after, depth }: Place, steps: Step[]): StepIndex {
  if (!Array.isArray(actions)) throw invalid(at, 'must be a list of actions')
  if (depth > MAX_NESTING) throw invalid(at, `is nested deeper than ${MAX_NESTING}`)
  if (actions.length > MAX_ACTIONS) throw invalid(at, `has more than ${MAX_ACTIONS} actions`)
  let next = after
  for (let i = actions.length - 1; i >= 0; i--) {
    const step = readAction(actions[i], { at: `${at}[${i}]`, after: next, depth }, steps)
    steps.push(step)
    next = steps.length - 1
  }
  return next
}

function readAction(action: unknown, place: Place, steps: Step[]): Step {
  const [name, body] = onlyEntry(action, place.at)
  const at = `${place.at}.${name}`
  const next = place.after
  switch (name) {
    case 'mail': {
      const { to, subject, text } = fields(body, ['to', 'subject', 'text'], at)
      return {
        do: 'mail',
        to: template(to, { at: `${at}.to`, most: 500 }),
        subject: template(subject, { at: `${at}.subject`, most: 500 }),
        text: template(text, { at: `${at}.text`, most: 50_000 }),
        next,
      }
    }
    case 'webhook': {
      const { url, type, secret } = fields(body, ['url', 'type', 'secret'], at)
      return {
        do: 'webhook',
        url: webhookUrl(url, `${at}.url`),
        type: simpleName(type, `${at}.type`),
        secretRef: secret === undefined ? null : simpleName(secret, `${at}.secret`),
        next,
      }
    }
    case 'delay': {
      const wait = readDuration(body)
      if (!wait) throw invalid(at, 'must be like "30 minutes", "3 days" or "1 month", within Wix\'s bounds')
      return { do: 'delay', wait, next }
    }
    case 'if':
      return readCondition(body, { ...place, at }, steps)
    default:
      throw invalid(place.at, `has an unknown action "${name}": mail, webhook, delay or if`)
  }
}

function readCondition(body: unknown, { at, after, depth }: Place, steps: Step[]): Step {
  const known = fields(body, ['field', 'equals', 'isEmpty', 'then', 'else'], at)
  const { field, equals, isEmpty } = known
  if (typeof field !== 'string' || !FIELD.test(field))
    throw invalid(`${at}.field`, 'must name a payload field')
  if ((equals === undefined) === (isEmpty === undefined)) throw invalid(at, 'needs either equals or isEmpty')
  if (isEmpty !== undefined && typeof isEmpty !== 'boolean')
    throw invalid(`${at}.isEmpty`, 'must be true or false')
  if (typeof equals === 'object' && equals !== null)
    throw invalid(`${at}.equals`, 'must be a text, a number, true or false')
  if (typeof equals === 'number' && !Number.isFinite(equals)) throw invalid(`${at}.equals`, 'must be finite')
  const branch = (name: 'then' | 'else'): StepIndex =>
    known[name] === undefined
      ? after
      : compile(known[name], { at: `${at}.${name}`, after, depth: depth + 1 }, steps)
  const test = isEmpty === undefined ? { equals: equals as Json } : { isEmpty: isEmpty as boolean }
  return { do: 'if', field, test, whenTrue: branch('then'), whenFalse: branch('else') }
}

function onlyEntry(action: unknown, at: string): readonly [string, unknown] {
  const entries = typeof action === 'object' && action !== null ? Object.entries(action) : []
  if (entries.length !== 1 || Array.isArray(action)) {
    throw invalid(at, 'must be one action: mail, webhook, delay or if')
  }
  return entries[0]!
}

function fields<const Name extends string>(
  body: unknown,
  names: readonly Name[],
  at: string,
): { readonly [name in Name]?: unknown } {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid(at, 'must be an object')
  for (const name of Object.keys(body)) {
    if (!(names as readonly string[]).includes(name)) throw invalid(`${at}.${name}`, 'is not known here')
  }
  return body as { readonly [name in Name]?: unknown }
}

function template(text: unknown, { at, most }: { readonly at: string; readonly most: number }): string {
  if (typeof text !== 'string' || text === '') throw invalid(at, 'must be a text')
  if (text.length > most) throw invalid(at, `is longer than ${most} characters`)
  const bad = templateFault(text)
  if (bad !== null)
    throw invalid(at, `has ${JSON.stringify(bad)}: only {{field}} or {{ var("field") }} may stand there`)
  return text
}

/** Fixed text: if a payload could write an address, whoever reports could point the server at any host. */
function webhookUrl(url: unknown, at: string): string {
  if (typeof url !== 'string' || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw invalid(at, 'must be an http or https address')
  }
  if (url.length > MAX_URL) throw invalid(at, `is longer than ${MAX_URL} characters`)
  if (url.includes('{{')) throw invalid(at, 'may not hold payload fields')
  const { username, password } = new URL(url)
  if (username !== '' || password !== '') throw invalid(at, 'may not hold a name or password')
  return url
}

/** Of an event type, and of a secret. */
function simpleName(type: unknown, at: string): string {
  if (typeof type !== 'string' || !/^[\w.-]{1,100}$/.test(type)) {
    throw invalid(at, 'must be 1 to 100 letters, digits, dots, dashes or underscores')
  }
  return type
}

export function invalid(at: string, problem: string): Error {
  return fault.INVALID_WORKSPACE({ at, problem })
}
