// Checks people, groups and apps by docs/workspace.schema.json, with messages that people understand. The schema describes the sections
// of other rooms too, for editors; those are checked by their rooms.

import { readFileSync } from 'node:fs'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { ADDRESS_FORM, isAddress } from '../core/mail-address.ts'
import type { Mistakes, Path } from '../core/mistakes.ts'
import { suggestion, unknownName } from '../core/setting-reader.ts'

const SCHEMA = new URL('../../../docs/workspace.schema.json', import.meta.url)
/** The sections that their rooms check themselves. */
const OF_ROOMS = ['triggers', 'automations', 'templates', 'channels'] as const

type Schema = { definitions: { tenant: { properties: Record<string, unknown> }; retries: unknown } }

let compiled: ValidateFunction | null = null

/** Notes what the schema refuses. Retries are checked by core/effects/retry-plan.ts instead. */
export function checkSchema(value: unknown, mistakes: Mistakes): void {
  compiled ??= compile()
  if (compiled(value)) return
  for (const error of compiled.errors ?? []) mistakes.add(mistakeOf(error))
  // They reference the whole file, which could not be freed.
  compiled.errors = null
}

function compile(): ValidateFunction {
  const schema = JSON.parse(readFileSync(SCHEMA, 'utf8')) as Schema
  for (const section of OF_ROOMS) schema.definitions.tenant.properties[section] = {}
  schema.definitions.retries = {}
  // A test checks that it is a valid schema: that check takes longer than the rest.
  const ajv = new Ajv({
    allErrors: true,
    strict: false,
    allowUnionTypes: true,
    verbose: true,
    meta: false,
    validateSchema: false,
  })
  addFormats.default(ajv, ['uri'])
  ajv.addFormat('email', isAddress)
  return ajv.compile(schema)
}

function mistakeOf(error: ErrorObject) {
  const { keyword, params, data, instancePath } = error
  const path = pathOf(instancePath)
  const schema = error.parentSchema as { description?: string; properties?: object }
  const accepted = schema.description === undefined ? {} : { accepted: schema.description }
  switch (keyword) {
    case 'additionalProperties':
      return unknownName([...path, String(params.additionalProperty)], Object.keys(schema.properties ?? {}))
    case 'required':
      return { path, problem: `${params.missingProperty} is missing` }
    case 'enum': {
      const values = params.allowedValues as readonly string[]
      return {
        path,
        problem: suggestion('is not known', data, values),
        accepted: `one of ${values.join(', ')}`,
      }
    }
    case 'type':
      return { path, problem: `must be ${typeName(String(params.type))}` }
    case 'format':
      return params.format === 'email'
        ? { path, problem: 'is not a mail address', accepted: ADDRESS_FORM }
        : { path, problem: 'is not an address of the web', accepted: 'https://…' }
    case 'pattern':
      return { path, problem: 'is not as it has to be', ...accepted }
    case 'minLength':
      return {
        path,
        problem: data === '' ? 'must not be empty' : `has fewer than ${params.limit} characters`,
      }
    case 'maxLength':
      return { path, problem: `is longer than ${params.limit} characters` }
    case 'maxItems':
      return { path, problem: `has more than ${params.limit} entries` }
    case 'minItems':
      return { path, problem: 'must not be empty' }
    case 'uniqueItems':
      return { path: [...path, Number(params.i)], problem: 'is there twice' }
    default:
      return { path, problem: error.message ?? 'is not valid', ...accepted }
  }
}

function typeName(type: string): string {
  const names: { readonly [type: string]: string } = {
    array: 'a list',
    boolean: 'true or false',
    object: 'an object',
    string: 'a text',
  }
  return names[type] ?? type
}

/** Of a JSON pointer; indexes as numbers. */
function pathOf(pointer: string): Path {
  return pointer
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map(part => (/^\d+$/.test(part) ? Number(part) : part))
}
