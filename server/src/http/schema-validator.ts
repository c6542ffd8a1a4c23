// Validates requests against their JSON schemas. Nothing is coerced, dropped or filled in: what a caller sent is what is checked.

import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { isGuid } from '../core/ids.ts'
import { readInstant } from '../core/instant.ts'
import { isAddress } from '../core/mail-address.ts'

// That the schemas are schemas is a test's business: the check would cost each start a tenth of a second.
const ajv = new Ajv({
  strict: false,
  discriminator: true,
  allErrors: false,
  coerceTypes: false,
  meta: false,
  validateSchema: false,
})
addFormats.default(ajv)
// Its own takes second 60, offsets of 23 hours, and decimals that would be lost.
ajv.addFormat('date-time', text => readInstant(text) !== null)
ajv.addFormat('email', isAddress)
// Its own takes `urn:uuid:` before it, which PostgreSQL does not.
ajv.addFormat('uuid', isGuid)

/** By their text: several routes take the same shape, and Fastify gives each its own copy. */
const compiled = new Map<string, ValidateFunction>()

export function compileValidator(schema: unknown): ValidateFunction {
  const text = JSON.stringify(schema)
  const validate = compiled.get(text) ?? ajv.compile(schema as object)
  compiled.set(text, validate)
  return validate
}
