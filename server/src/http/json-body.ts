// The parser of JSON bodies. What it accepts can be stored and merged safely: well-formed UTF-8, no NUL, no lone surrogate, at most
// 64 levels deep, no key that changes an object's prototype.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { jsonFault } from '../core/json.ts'
import { httpFault } from './faults.ts'

/** application/json with any parameters (charset, odata.metadata …). */
export const JSON_TYPE = /^application\/json\s*(?:;|$)/i

const QUOTE = 0x22
const BACKSLASH = 0x5c
const utf8 = new TextDecoder('utf-8', { fatal: true })
const MAX_UNCHECKED_BRACKETS = 64
/** A larger body is parsed in several turns of the event loop, so that other callers are answered between them. */
const MAX_BYTES_OF_ONE_TURN = 65_536
/**
 * Objects, arrays and named values in one body. A megabyte of them would take a second to read, and sixty megabytes of memory.
 * Only large bodies are counted: a body of one turn is too small to hold more.
 */
export const MAX_PARTS = 50_000

/** An empty body is `undefined`. @throws Fault MALFORMED_JSON, TOO_DEEP, UNSTORABLE_TEXT, FORBIDDEN_KEY */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) return undefined
  const text = decode(body)
  return checked(parse(text), text)
}

let before: Promise<unknown> = Promise.resolve()

/**
 * As {@link parseJsonBody}, but in several turns of the event loop. The whole process parses one large body at a time: several
 * together would share each turn, and would all be in memory. @throws Fault TOO_MANY_PARTS too
 */
export function parseLargeJsonBody(body: Buffer): Promise<unknown> {
  const read = before.then(() => parseInTurns(body))
  // Replaces the result, so that neither the value nor the error is kept in memory.
  before = read.then(
    () => {},
    () => {},
  )
  return read
}

/** Waits for a turn before each step, and once more at the end: the caller's own work is a step too. */
async function parseInTurns(body: Buffer): Promise<unknown> {
  await nextTurn()
  const text = decode(body)
  if (hasTooManyParts(text)) throw httpFault.TOO_MANY_PARTS({ limit: MAX_PARTS.toLocaleString('en') })
  await nextTurn()
  const value = parse(text)
  await nextTurn()
  checked(value, text)
  await nextTurn()
  return value
}

/** Counts brackets and colons outside of strings. The count may be wrong for what is not JSON, but that is refused a moment later. */
function hasTooManyParts(text: string): boolean {
  let parts = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === QUOTE) {
      do i = text.indexOf('"', i + 1)
      while (i !== -1 && isEscaped(text, i))
      if (i === -1) return false
    } else if ((c === 0x5b || c === 0x7b || c === 0x3a) && ++parts > MAX_PARTS) return true
  }
  return false
}

/** True when an odd number of backslashes stands before it. */
function isEscaped(text: string, at: number): boolean {
  let start = at
  while (text.charCodeAt(start - 1) === BACKSLASH) start--
  return (at - start) % 2 === 1
}

export function isLargeBody(body: Buffer): boolean {
  return body.length > MAX_BYTES_OF_ONE_TURN
}

function decode(body: Buffer): string {
  try {
    return utf8.decode(body)
  } catch (error) {
    throw httpFault.MALFORMED_JSON({}, error)
  }
}

function parse(text: string): unknown {
  try {
    // V8 parses without recursion: a body of a million brackets does not overflow the stack (there is a test).
    return JSON.parse(text)
  } catch (error) {
    throw httpFault.MALFORMED_JSON({}, error)
  }
}

function checked(value: unknown, text: string): unknown {
  if (mayBeUnsafe(text)) refuseUnsafe(value)
  return value
}

/**
 * A quick test, so that most bodies need no walk over their values. A NUL or a surrogate needs an escape (JSON forbids the raw NUL,
 * UTF-8 the raw surrogate), depth needs brackets, and a dangerous key needs its name or an escape.
 */
function mayBeUnsafe(text: string): boolean {
  if (text.includes('\\u') || text.includes('__proto__') || text.includes('"constructor"')) return true
  let brackets = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if ((c === 0x5b || c === 0x7b) && ++brackets > MAX_UNCHECKED_BRACKETS) return true
  }
  return false
}

function refuseUnsafe(value: unknown): void {
  const found = jsonFault(value)
  if (found) {
    const at = found.path.slice(0, 200).toWellFormed().replaceAll('\0', '�')
    throw found.fault === 'too_deep'
      ? httpFault.TOO_DEEP({ at })
      : httpFault.UNSTORABLE_TEXT({ at, fault: found.fault })
  }
  const stack: unknown[] = [value]
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (typeof at !== 'object' || at === null) continue
    if (Object.hasOwn(at, '__proto__')) throw httpFault.FORBIDDEN_KEY({ key: '__proto__' })
    const maker: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value
    if (typeof maker === 'object' && maker !== null && Object.hasOwn(maker, 'prototype')) {
      throw httpFault.FORBIDDEN_KEY({ key: 'constructor.prototype' })
    }
    for (const child of Array.isArray(at) ? at : Object.values(at))
      if (typeof child === 'object') stack.push(child)
  }
}
