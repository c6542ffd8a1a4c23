// The parser of JSON bodies. What it lets through can be stored and merged safely: well-formed UTF-8, no NUL, no lone
// surrogate, at most 64 levels deep, no key that changes an object's prototype.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { jsonFault } from '../core/json.ts'
import { httpFault } from './fault-of.ts'

/** application/json with any parameters (charset, odata.metadata …). */
export const JSON_TYPE = /^application\/json\s*(?:;|$)/i

const utf8 = new TextDecoder('utf-8', { fatal: true })
const MOST_BRACKETS_WITHOUT_A_LOOK = 64
/** Octets. A larger body is read in several turns of the event loop, so that others are answered between them. */
const ONE_TURN = 65_536

/** An empty body is `undefined`. @throws Fault MALFORMED_JSON, TOO_DEEP, UNSTORABLE_TEXT, FORBIDDEN_KEY */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) return undefined
  const text = decode(body)
  return checked(parse(text), text)
}

/** As {@link parseJsonBody}. The turns go before and after each step: the caller's own work on the body is a step too. */
export async function parseLargeJsonBody(body: Buffer): Promise<unknown> {
  await nextTurn()
  const text = decode(body)
  await nextTurn()
  const value = parse(text)
  await nextTurn()
  checked(value, text)
  await nextTurn()
  return value
}

export function isLargeBody(body: Buffer): boolean {
  return body.length > ONE_TURN
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
    // V8 parses without recursion: a body of a million brackets does not touch the stack (there is a test).
    return JSON.parse(text)
  } catch (error) {
    throw httpFault.MALFORMED_JSON({}, error)
  }
}

function checked(value: unknown, text: string): unknown {
  if (needsLook(text)) look(value)
  return value
}

/**
 * Most bodies are small and plain. A NUL or a surrogate can only be there by an escape (JSON forbids the raw NUL, UTF-8
 * the raw surrogate), depth only by brackets, and a dangerous key only by its name or an escape.
 */
function needsLook(text: string): boolean {
  if (text.includes('\\u') || text.includes('__proto__') || text.includes('"constructor"')) return true
  let brackets = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if ((c === 0x5b || c === 0x7b) && ++brackets > MOST_BRACKETS_WITHOUT_A_LOOK) return true
  }
  return false
}

function look(value: unknown): void {
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
    for (const child of Object.values(at)) stack.push(child)
  }
}
