// The workspace file: text to value. Every mistake is named with its line and column, as many at once as can be found.

import { readFileSync } from 'node:fs'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { LineCounter, parseDocument } from 'yaml'
import { faults } from '../core/fault.ts'
import { type Json, jsonFault } from '../core/json.ts'
import type { Role } from '../core/principal.ts'
import type { Retries } from '../core/retry-plan.ts'
import { workspaceMistakes } from './workspace-mistakes.ts'

export const workspaceFault = faults({
  INVALID_WORKSPACE: { status: 400, message: 'The workspace file has mistakes:\n{list}' },
})

/** A place in the file: keys and indexes from the top. */
export type Path = readonly (string | number)[]
export type Mistake = { readonly path: Path; readonly problem: string }

export type UserSection = {
  readonly upn: string
  readonly id?: string
  readonly name: string
  readonly mail?: string
  readonly roles?: readonly Role[]
}
export type GroupSection = {
  readonly name: string
  readonly id?: string
  readonly mail?: string
  readonly members?: readonly string[]
}
export type SiteSection = { readonly name: string; readonly instanceId?: string; readonly siteId?: string }
export type AppSection = {
  readonly name: string
  readonly clientId?: string
  readonly secret?: string
  readonly scopes?: readonly string[]
  readonly roles?: readonly Role[]
  readonly redirectUris?: readonly string[]
  readonly sites?: readonly SiteSection[]
  readonly retries?: Retries
}
export type MailboxSection = {
  readonly user: string
  readonly calendarGroups?: readonly { readonly name: string; readonly calendars: readonly string[] }[]
}

/** One tenant of the file. The sections of other rooms are checked for their shape only; the rooms read them. */
export type TenantSection = {
  readonly id: string
  readonly name: string
  readonly domains: readonly string[]
  readonly sandbox?: boolean
  readonly consumers?: boolean
  readonly issuer?: string
  readonly webhooks?: { readonly allow?: readonly string[] }
  readonly rateLimits?: readonly ('wix' | 'graph')[]
  readonly retries?: Retries
  readonly users?: readonly UserSection[]
  readonly groups?: readonly GroupSection[]
  readonly apps?: readonly AppSection[]
  readonly calendars?: readonly MailboxSection[]
  readonly triggers?: readonly Json[]
  readonly automations?: readonly Json[]
  readonly templates?: readonly Json[]
  readonly channels?: readonly Json[]
}

export type Workspace = {
  readonly tenants: readonly TenantSection[]
  /** Where something stands in the file, for the mistakes that other rooms find; null when it is not there. */
  place(path: Path): { readonly line: number; readonly column: number } | null
}

/** Values for `${PUBLIC_URL}` and the like in any text of the file. */
export type Variables = { readonly [name: string]: string }

const MOST_CHARACTERS = 1_000_000
const MOST_MISTAKES = 20
const SCHEMA = new URL('../../../docs/workspace.schema.json', import.meta.url)

let validate: ValidateFunction | undefined

/** YAML or JSON. @throws Fault INVALID_WORKSPACE; `data.mistakes`: `{ line, column, at, problem }` each */
export function parseWorkspace(text: string, variables: Variables = {}): Workspace {
  if (text.length > MOST_CHARACTERS)
    throw invalid([{ path: [], problem: 'is longer than a million characters' }], nowhere)
  const lines = new LineCounter()
  // Core schema: no dates and no merge keys, so that a value is what it looks like. Aliases are bounded by the library.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    version: '1.2',
  })
  const place = (path: Path) => {
    const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true)
    const range = (node as { range?: readonly [number, number, number] | null } | null | undefined)?.range
    if (!range) return null
    const { line, col } = lines.linePos(range[0])
    return { line, column: col }
  }
  const broken = [...document.errors, ...document.warnings]
  if (broken.length > 0) {
    const mistakes = broken.slice(0, MOST_MISTAKES).map(error => {
      const { line, col } = lines.linePos(error.pos[0])
      return { line, column: col, at: '', problem: error.message }
    })
    throw invalidAt(mistakes)
  }
  let value: unknown
  try {
    value = filled(document.toJS({ maxAliasCount: 100 }) as unknown, variables)
  } catch (error) {
    throw invalid([{ path: [], problem: error instanceof Error ? error.message : 'cannot be read' }], place)
  }
  const unstorable = jsonFault(value)
  if (unstorable) {
    const problem =
      unstorable.fault === 'too_deep' ? 'is nested too deeply' : 'holds characters that cannot be kept'
    throw invalid([{ path: unstorable.path.split('.'), problem }], place)
  }
  validate ??= compile()
  if (!validate(value)) throw invalid(mistakesOf(validate.errors ?? []), place)
  const { tenants } = value as { tenants: readonly TenantSection[] }
  const mistakes = workspaceMistakes(tenants)
  if (mistakes.length > 0) throw invalid(mistakes, place)
  return { tenants, place }
}

function compile(): ValidateFunction {
  const ajv = new Ajv({ allErrors: true, strict: false, allowUnionTypes: true })
  addFormats.default(ajv, ['uri'])
  return ajv.compile(JSON.parse(readFileSync(SCHEMA, 'utf8')) as object)
}

function filled(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{([A-Z_]+)\}/g, (whole, name: string) => variables[name] ?? whole)
  }
  if (Array.isArray(value)) return value.map(each => filled(each, variables))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filled(each, variables)]))
}

function mistakesOf(errors: readonly ErrorObject[]): readonly Mistake[] {
  return errors.map(error => {
    const path = error.instancePath
      .split('/')
      .slice(1)
      .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    const { additionalProperty, missingProperty, allowedValues } = error.params as {
      additionalProperty?: string
      missingProperty?: string
      allowedValues?: readonly string[]
    }
    if (additionalProperty !== undefined)
      return { path: [...path, additionalProperty], problem: 'is not known here' }
    if (missingProperty !== undefined) return { path, problem: `${missingProperty} is missing` }
    if (allowedValues) return { path, problem: `must be one of ${allowedValues.join(', ')}` }
    return { path, problem: error.message ?? 'is not valid' }
  })
}

type Placed = {
  readonly line: number | null
  readonly column: number | null
  readonly at: string
  readonly problem: string
}

/** For the mistakes that other rooms find too, so that they look the same. */
export function invalid(mistakes: readonly Mistake[], place: Workspace['place']) {
  return invalidAt(
    mistakes.slice(0, MOST_MISTAKES).map(({ path, problem }) => {
      // A missing or unknown thing is placed at the nearest thing around it that is there.
      let found: { readonly line: number; readonly column: number } | null = null
      for (let depth = path.length; depth >= 0 && found === null; depth--)
        found = place(path.slice(0, depth).map(asKey))
      return { line: found?.line ?? null, column: found?.column ?? null, at: textOf(path), problem }
    }),
  )
}

function invalidAt(mistakes: readonly Placed[]) {
  const list = mistakes
    .map(
      ({ line, column, at, problem }) =>
        `  ${line === null ? '' : `${line}:${column} `}${at === '' ? '' : `${at} `}${problem}`,
    )
    .join('\n')
  return workspaceFault.INVALID_WORKSPACE({ list, mistakes })
}

function asKey(part: string | number): string | number {
  return typeof part === 'string' && /^\d+$/.test(part) ? Number(part) : part
}

function textOf(path: Path): string {
  return path
    .map((part, i) => (/^\d+$/.test(String(part)) ? `[${part}]` : `${i === 0 ? '' : '.'}${part}`))
    .join('')
}

function nowhere(): null {
  return null
}
