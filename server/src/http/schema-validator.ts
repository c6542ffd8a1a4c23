// Validates requests against their JSON schemas. Values are not coerced, dropped or filled in: the request is checked as it was sent.

import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { isGuid } from '../core/ids.ts'
import { readInstant } from '../core/instant.ts'
import { isAddress } from '../core/mail-address.ts'

// The schemas themselves are not validated here: that would cost each start a tenth of a second. A test does it.
const ajv = new Ajv({
  strict: false,
  discriminator: true,
  allErrors: false,
  coerceTypes: false,
  meta: false,
  validateSchema: false,
})
addFormats.default(ajv)
// ajv's own date-time accepts second 60, offsets of 23 hours, and decimals that would be lost.
ajv.addFormat('date-time', text => readInstant(text) !== null)
ajv.addFormat('email', isAddress)
// ajv's own uuid accepts the prefix `urn:uuid:`, which PostgreSQL does not.
ajv.addFormat('uuid', isGuid)

/** By the text of the schema: several routes have the same one, and Fastify gives each a copy of its own. */
const compiled = new Map<string, ValidateFunction>()

export function compileValidator(schema: unknown): ValidateFunction {
  const text = JSON.stringify(schema)
  const validate = compiled.get(text) ?? ajv.compile(schema as object)
  compiled.set(text, validate)
  return validate
}
