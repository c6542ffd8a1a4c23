// Bodies of forms: what browsers and OAuth clients send. Only routes that expect one accept it.

import type { FastifyInstance } from 'fastify'
import { Fault } from '../../core/fault.ts'

/** Fields by name; one that is sent twice is a mistake (RFC 6749, 3.2). */
export type FormFields = { readonly [name: string]: string | undefined }

const LIMIT_BYTES = 65_536

/** In this plugin, forms are accepted as well as JSON. */
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
    if (fields.has(name)) throw new Fault('INVALID_FORM', 400, 'A field was sent twice.')
    fields.set(name, value)
  }
  return Object.fromEntries(fields)
}

/** The texts of a form or of a JSON object; what is no text is not there. */
export function textFields(body: unknown): FormFields {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return {}
  return Object.fromEntries(Object.entries(body).filter(([, value]) => typeof value === 'string'))
}
