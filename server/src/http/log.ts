// The log: lines of JSON without secrets. Headers and bodies are never written. Texts of errors are scrubbed, because drivers and
// libraries put their arguments into their messages.

import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import type { LogLevel } from '../config/config.ts'
import { loggedPath } from './request-path.ts'

// JWTs, our opaque keys, the text after an authentication scheme, the userinfo of a URL, and fields that are named like secrets.
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/eyJ[\w-]{4,}\.[\w-]*\.?[\w-]*/g, '[token]'],
  [/\bsd[a-z]_[\w-]{8,}/g, '[key]'],
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, '$1 [redacted]'],
  [/:\/\/[^/\s@]+@/g, '://[redacted]@'],
  [
    /(["']?(?:client_secret|refresh_token|access_token|id_token|password|secret|code|token|authorization|cookie)["']?\s*[:=]\s*["']?)[^\s"'&,;}]+/gi,
    '$1[redacted]',
  ],
]

/** `text` without anything that looks like a credential. */
export function scrub(text: string): string {
  let clean = text
  for (const [pattern, replacement] of SECRETS) clean = clean.replace(pattern, replacement)
  return clean
}

type LogStream = { write(entry: string): void }

/** Options for Fastify's logger. `stream` gets the lines; default: standard output. */
export function logOptions(level: LogLevel, stream?: LogStream) {
  return {
    level,
    ...(stream ? { stream } : {}),
    redact: {
      paths: [
        'authorization',
        'cookie',
        'token',
        'secret',
        'password',
        'access_token',
        'refresh_token',
        'client_secret',
      ].flatMap(name => [name, `*.${name}`, `*.*.${name}`]),
      censor: '[redacted]',
    },
    serializers: {
      req: (request: FastifyRequest) => ({
        method: request.method,
        path: scrub(loggedPath(request.url)),
        from: request.ip,
      }),
      res: (reply: Pick<FastifyReply, 'statusCode'>) => ({ status: reply.statusCode }),
      err: loggedError,
    },
  }
}

/**
 * Writes security events (docs/security.md) into the same log, with `log: "security"`. They are written at every LOG_LEVEL but
 * `silent`. Their texts are scrubbed once more.
 */
export function securityLines(
  logger: FastifyBaseLogger,
  level: LogLevel,
): (entry: { readonly [name: string]: unknown }) => void {
  const child = logger.child({ log: 'security' }, { level: level === 'silent' ? 'silent' : 'info' })
  return entry => {
    const clean = Object.entries(entry).map(([name, value]) => [
      name,
      typeof value === 'string' ? scrub(value) : value,
    ])
    child.info(Object.fromEntries(clean))
  }
}

/** What is logged of an error. Never its own fields: a driver's error holds the values of a statement there. */
export function loggedError(error: unknown): { type: string; message: string; stack: string; code?: string } {
  if (!(error instanceof Error)) return { type: typeof error, message: scrub(String(error)), stack: '' }
  const { code } = error as { code?: unknown }
  const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack ?? error.cause.message}` : ''
  return {
    type: error.name,
    message: scrub(error.message),
    stack: scrub((error.stack ?? '') + cause),
    ...(typeof code === 'string' ? { code } : {}),
  }
}
