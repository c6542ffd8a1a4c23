// Which files import one another in a circle.

import { posix } from 'node:path'
import ts from 'typescript'
import type { SourceFile } from './source-files.ts'

export type ImportKind = 'values' | 'values and types'

/** Each circle once, as the files that stand in it, sorted: every one of them reaches every other. */
export function importCycles(files: readonly SourceFile[], kind: ImportKind): string[][] {
  const graph = new Map(files.map(file => [file.path, targetsOf(file, kind)]))
  return stronglyConnected(graph).map(cycle => cycle.sort())
}

function targetsOf({ path, text }: SourceFile, kind: ImportKind): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest)
  const targets: string[] = []
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue
    const { moduleSpecifier } = statement
    if (!moduleSpecifier || !ts.isStringLiteral(moduleSpecifier) || !moduleSpecifier.text.startsWith('.'))
      continue
    if (kind === 'values' && isOfTypesOnly(statement)) continue
    targets.push(posix.join(posix.dirname(path), moduleSpecifier.text))
  }
  return targets
}

function isOfTypesOnly(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(statement)) {
    const { exportClause, isTypeOnly } = statement
    if (isTypeOnly) return true
    return (
      exportClause !== undefined &&
      ts.isNamedExports(exportClause) &&
      exportClause.elements.every(element => element.isTypeOnly)
    )
  }
  const clause = statement.importClause
  if (clause === undefined) return false
  if (clause.isTypeOnly) return true
  const { name, namedBindings } = clause
  return (
    name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.length > 0 &&
    namedBindings.elements.every(element => element.isTypeOnly)
  )
}

/** Tarjan's algorithm; only components of more than one file, or of one that imports itself. */
function stronglyConnected(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = []
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const visit = (node: string): void => {
    index.set(node, index.size)
    low.set(node, index.get(node) as number)
    stack.push(node)
    for (const target of graph.get(node) ?? []) {
      if (!graph.has(target)) continue
      if (!index.has(target)) visit(target)
      if (stack.includes(target)) low.set(node, Math.min(low.get(node) as number, low.get(target) as number))
    }
    if (low.get(node) !== index.get(node)) return
    const component = stack.splice(stack.indexOf(node))
    if (component.length > 1 || graph.get(node)?.includes(node)) found.push(component)
  }
  for (const node of graph.keys()) if (!index.has(node)) visit(node)
  return found
}
