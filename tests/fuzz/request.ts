// A request before it becomes bytes, so that parts of it can be broken one by one.

import type { Operation } from '../support/descriptions.ts'
import type { Role } from './world.ts'

export type Pair = readonly [name: string, value: string]

export type Request = {
  readonly operation: Operation
  readonly role: Role
  method: string
  /** As sent. Texts stand for bytes: one character, one byte (latin1), so that any byte can be written. */
  path: string
  query: Pair[]
  headers: Pair[]
  /** What becomes the body; undefined: none. */
  value: unknown
  /** How the value becomes bytes. */
  form: 'json' | 'form'
  /** Sent instead of the value. */
  raw: Buffer | null
  /** The caller's own Authorization was left as it is. */
  isOwnToken: boolean
  /** It is no HTTP any more, or may be taken for more than one request. */
  isBroken: boolean
}

/** What it is that JSON cannot say: written as it stands. */
export class Literal {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export function jsonOf(value: unknown): string {
  if (value instanceof Literal) return value.text
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, child]) => `${JSON.stringify(key)}:${jsonOf(child)}`)
      .join(',')}}`
  return JSON.stringify(value) ?? 'null'
}

function bodyOf({ raw, value, form }: Request): Buffer | null {
  if (raw) return raw
  if (value === undefined) return null
  if (form === 'json') return Buffer.from(jsonOf(value))
  const fields = Object.entries((value ?? {}) as object).map(([name, field]): [string, string] => [
    name,
    typeof field === 'string' ? field : jsonOf(field),
  ])
  return Buffer.from(new URLSearchParams(fields).toString())
}

export function bytesOf(request: Request): Buffer {
  const { method, path, query, headers } = request
  const body = bodyOf(request)
  const search = query.map(([name, value]) => (value === NO_VALUE ? name : `${name}=${value}`)).join('&')
  const lines = [`${method} ${path}${search === '' ? '' : `?${search}`} HTTP/1.1`]
  const names = new Set(headers.map(([name]) => name.toLowerCase()))
  if (!names.has('host')) lines.push('Host: 127.0.0.1')
  // Of more than is there the rest would be waited for.
  const isMore = (value: string) => value === LESS_THAN_THERE_IS && !body?.length
  for (const [name, value] of headers) lines.push(`${name}: ${isMore(value) ? '0' : value}`)
  if (body && !names.has('content-type') && !names.has('no-content-type'))
    lines.push(
      `Content-Type: ${request.form === 'json' ? 'application/json' : 'application/x-www-form-urlencoded'}`,
    )
  const takesBody = !['GET', 'HEAD', 'DELETE'].includes(method)
  if (!names.has('content-length') && !names.has('transfer-encoding') && (body || takesBody))
    lines.push(`Content-Length: ${body?.length ?? 0}`)
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body ?? Buffer.alloc(0)])
}

/** For a Content-Length: one octet, unless there is none. */
export const LESS_THAN_THERE_IS = '1'
/** A query's name without a value. */
export const NO_VALUE = '\u0000none'

/** For a report: readable, and as it was sent. */
export function shown(bytes: Buffer): string {
  const most = 3000
  const text = bytes
    .toString('latin1', 0, most)
    .replace(/\r\n/g, '\n')
    .replace(/(Bearer |Authorization: )[\w.-]{40,}/g, '$1…')
    .replace(/[^\n\x20-\x7e]/g, character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return bytes.length > most ? `${text}… (${bytes.length} bytes)` : text
}
