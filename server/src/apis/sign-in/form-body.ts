// Reads form bodies, which browsers and OAuth clients send. Only routes that expect a form accept one.

import type { FastifyInstance } from 'fastify'
import { signInFault } from './faults.ts'

/** The fields by name. A field that is sent twice is an error (RFC 6749, 3.2). */
export type FormFields = { readonly [name: string]: string | undefined }

const LIMIT_BYTES = 65_536

/** The routes of this plugin accept forms as well as JSON. */
export function acceptForms(app: FastifyInstance): void {
  app.addContentTypeParser(
    /^application\/x-www-form-urlencoded\s*(?:;|$)/i,
    { parseAs: 'string', bodyLimit: LIMIT_BYTES },
    (_request, body, done) => {
      try {
        done(null, readForm(String(body)))
      } catch (error) {
        done(error as Error)
      }
    },
  )
}

function readForm(text: string): FormFields {
  const fields = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.has(name)) throw signInFault.INVALID_FORM()
    fields.set(name, value)
  }
  return Object.fromEntries(fields)
}

/** The texts of a form or of a JSON object. Values that are not texts are left out. */
export function textFields(body: unknown): FormFields {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return {}
  return Object.fromEntries(Object.entries(body).filter(([, value]) => typeof value === 'string'))
}
