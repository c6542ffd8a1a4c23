// The workspace file, read: from its text to what each room is to make true. Pure. Whatever somebody sends is read in the reading
// process, so nothing that reaches a secret or the database may be imported here.

import type { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { type Mistake, Mistakes, type Path, pathText } from '../../core/mistakes.ts'
import { workspaceMistakes } from '../../workspace/mistakes.ts'
import { checkSchema } from '../../workspace/schema.ts'
import type { TenantSection } from '../../workspace/sections.ts'
import { readWorkspaceText, type Variables, type WorkspaceText } from '../../workspace/text.ts'
import { invalidWorkspace } from './faults.ts'
import { checkSections, type ReadTenant, readValidSections } from './sections.ts'

export type ReadWorkspace = readonly ReadTenant[]

type WorkspaceInput = { readonly text: string; readonly variables: Variables }

/** @throws Fault INVALID_WORKSPACE: all that is wrong, in `data.errors` */
export function readWorkspaceFile({ text, variables }: WorkspaceInput): ReadWorkspace {
  const mistakes = new Mistakes()
  const file = readWorkspaceText(text, variables, mistakes)
  const { value } = file
  if (value === undefined) throw faultOf(mistakes, file)
  checkSchema(value, mistakes)
  const checked = workspaceMistakes(value, mistakes).map(tenant => checkSections(tenant, mistakes))
  if (mistakes.count > 0) throw faultOf(mistakes, file)
  const { tenants } = value as { readonly tenants: readonly TenantSection[] }
  return tenants.map((section, i) => ({ ...checked[i]!, ...readValidSections(section) }))
}

/** In the order of the file. */
function faultOf(mistakes: Mistakes, file: WorkspaceText): Fault {
  const errors = mistakes.kept
    .map(mistake => withPosition(mistake, file))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
  const more = mistakes.count - errors.length
  const { line: lineNumber, column, at, message } = errors[0]!
  const position = lineNumber === null ? '' : `${lineNumber}:${column} `
  const first = `${position}${at === '' ? '' : `${at} `}${message}`
  const count = mistakes.count === 1 ? 'a mistake' : `${mistakes.count} mistakes, of which the first is`
  return invalidWorkspace(`The workspace file has ${count}: ${first}`, {
    errors: errors as unknown as JsonObject[],
    more,
  })
}

function withPosition(mistake: Mistake, file: WorkspaceText) {
  const { path, problem, accepted } = mistake
  const position = file.positionOf(mistake)
  return {
    at: pathText(path),
    message: problem.slice(0, 500).toWellFormed(),
    ...(accepted === undefined ? {} : { accepted }),
    tenant: tenantAt(path, file.value),
    line: position?.lineNumber ?? null,
    column: position?.columnNumber ?? null,
  }
}

function tenantAt([top, index]: Path, value: unknown): string | null {
  const { tenants } = (typeof value === 'object' && value !== null ? value : {}) as { tenants?: unknown }
  if (top !== 'tenants' || typeof index !== 'number' || !Array.isArray(tenants)) return null
  const id = (tenants[index] as { id?: unknown } | null)?.id
  return typeof id === 'string' ? id.slice(0, 100).toWellFormed() : null
}
