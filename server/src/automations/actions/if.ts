// The action `if`: a condition on a field of the payload, with actions for each answer. It becomes no effect.

import type { Json, JsonObject } from '../../core/json.ts'
import { SettingReader } from '../../core/setting-reader.ts'
import type { ConditionStep, StepIndex } from '../language/program.ts'
import { type ActionKind, addMistake } from './action-kind.ts'

const FIELD = /^\w{1,100}(\.\w{1,100})?$/
const BRANCHES: JsonObject = Object.fromEntries(
  ['then', 'else'].map(name => [name, { $ref: '#/definitions/actions' }]),
)

export const ifAction: ActionKind<ConditionStep> = {
  read(body, position) {
    const read = new SettingReader(body, ['field', 'equals', 'isEmpty', 'then', 'else'], position)
    if (!read.isThere) return null
    const source = body as { readonly [name: string]: unknown }
    const pattern = [FIELD, 'the name of a payload field, or two with a dot'] as const
    const field = read.text('field', { maxLength: 201, pattern })
    const { equals, isEmpty } = source
    if ((equals === undefined) === (isEmpty === undefined))
      addMistake(position, 'needs either equals or isEmpty')
    if (isEmpty !== undefined && typeof isEmpty !== 'boolean')
      read.addMistake('isEmpty', 'must be true or false')
    if (
      (typeof equals === 'object' && equals !== null) ||
      (typeof equals === 'number' && !Number.isFinite(equals))
    )
      read.addMistake('equals', 'must be a text, a finite number, true, false or null')
    const branch = (name: 'then' | 'else'): StepIndex =>
      source[name] === undefined ? position.after : position.readBranch(source[name], name)
    const test = isEmpty === undefined ? { equals: equals as Json } : { isEmpty: isEmpty === true }
    return { do: 'if', field, test, whenTrue: branch('then'), whenFalse: branch('else') }
  },
  label: ({ field }) => `if ${field}`,
  schema: {
    type: 'object',
    required: ['field'],
    additionalProperties: false,
    properties: {
      field: { type: 'string' },
      equals: { type: ['string', 'number', 'boolean', 'null'] },
      isEmpty: { type: 'boolean' },
      ...BRANCHES,
    },
  },
  effect: null,
}
