// What is wrong with an answer: its status, the shape of its error, its JSON.

import type { Answer, NoAnswer } from './raw-client.ts'
import type { Request } from './request.ts'

/** Whose shape the error of an address has. */
export type Shape = 'graph' | 'wix' | 'oauth' | 'issuer' | 'problem'

export function shapeAt(path: string): Shape {
  const at = decoded(path.replace(/^https?:\/\/[^/\\?#]*/i, '').split(/[?#]/, 1)[0] ?? '')
  if (/^\/(v1\.0|beta|docs\/api)(\/|$)/.test(at)) return 'graph'
  if (/^\/(automations\/v1|v1|_api\/esb-config-resolver\/v1|workflows\/v1)\/events(\/|$)/.test(at))
    return 'wix'
  if (/^\/oidc\//.test(at)) return 'issuer'
  if (/^\/oauth2\/token(-info)?$|^\/oauth\/access$|^\/[^/]*\/oauth2\/v2\.0\/token$/.test(at)) return 'oauth'
  return 'problem'
}

/** As the server routes it: a path that cannot be decoded is taken as it stands. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path).replaceAll('\\', '/')
  } catch {
    return path.replaceAll('\\', '/')
  }
}

/** Null: nothing is wrong. */
export function faultIn(request: Request, answer: Answer | NoAnswer): string | null {
  if (answer === 'closed') return request.isBroken ? null : 'the connection was closed without an answer'
  if (typeof answer === 'string') return `no answer: ${answer}`
  const { status, headers, body } = answer
  const text = body.toString('utf8')
  const type = headers.get('content-type') ?? ''
  if (/node_modules|\.ts:\d+|at async |\bpg_|SQLSTATE/.test(text) && status >= 400)
    return 'it tells of the inside'
  if (status === 501) return isGraphsOwn(request, text) ? null : 'a 501 that no document knows'
  if (status >= 500) return `status ${status}`
  if (/json/.test(type) && request.method !== 'HEAD' && !isEmpty(status)) {
    if (!isJson(type, text)) return 'its JSON cannot be read'
    if (!isUtf8(body)) return 'it is no UTF-8'
  }
  // Before it is known what is asked for, there is nothing but HTTP.
  if (status < 400 || request.method === 'HEAD' || status === 417) return null
  return isShaped(request, { status, type, text }) ? null : `its error has not the shape of its API: ${type}`
}

function isEmpty(status: number): boolean {
  return status === 204 || status === 304
}

function isJson(type: string, text: string): boolean {
  try {
    for (const line of type.includes('ndjson') ? text.trim().split('\n') : [text]) JSON.parse(line)
    return true
  } catch {
    return false
  }
}

function isUtf8(body: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(body)
    return true
  } catch {
    return false
  }
}

function isGraphsOwn(request: Request, text: string): boolean {
  return shapeAt(request.path) === 'graph' && text.includes('"code":"NotImplemented"')
}

type Error = { readonly status: number; readonly type: string; readonly text: string }

/** What cannot be read has no shape. */
function isShaped(request: Request, error: Error): boolean {
  try {
    return hasShape(request, error)
  } catch {
    return false
  }
}

function hasShape(request: Request, { status, type, text }: Error): boolean {
  const isProblem = () => {
    const { code, detail, title, status: said } = JSON.parse(text)
    return [code, detail, title].every(each => typeof each === 'string') && said === status
  }
  if (type.startsWith('application/problem+json') && (isNobodys(request, status) || isAnywhere(request)))
    return isProblem()
  switch (shapeAt(request.path)) {
    case 'graph': {
      if (!type.startsWith('application/json')) return false
      const { code, message, innerError } = JSON.parse(text).error ?? {}
      return [code, message, innerError?.date, innerError?.['request-id']].every(
        each => typeof each === 'string',
      )
    }
    case 'wix': {
      if (!type.startsWith('application/json')) return false
      const { message, details } = JSON.parse(text)
      return typeof message === 'string' && typeof details === 'object'
    }
    case 'oauth': {
      if (!type.startsWith('application/json')) return false
      const { error, error_description: description, message } = JSON.parse(text)
      return [error, description, message].every(each => typeof each === 'string')
    }
    case 'issuer':
      return /^text\/(plain|html)/.test(type) || typeof JSON.parse(text).error === 'string' || isProblem()
    case 'problem':
      return type.startsWith('text/html') || (type.startsWith('application/problem+json') && isProblem())
  }
}

/** No API is meant, or none is known yet: no HTTP, headers that are too large to be read, or a document. */
function isNobodys({ isBroken, operation }: Request, status: number): boolean {
  return isBroken || status === 431 || operation.path.endsWith('/openapi.json')
}

/** Where the address was changed another API may be meant, or none. */
function isAnywhere({ path, method, operation }: Request): boolean {
  const isOwn = operation.paths.some(template =>
    new RegExp(`^${template.replace(/[.$()*+?]/g, '\\$&').replace(/\{\w+\}/g, '[^/]*')}$`).test(path),
  )
  return !isOwn || method !== operation.method
}
