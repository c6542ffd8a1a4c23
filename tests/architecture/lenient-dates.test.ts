// A date that somebody wrote is read by core/instant.ts or core/http-date.ts, and by nothing else: what JavaScript makes of a
// text by itself takes the 29 February of any year. The compiler says what is a text.

import assert from 'node:assert/strict'
import { relative, sep } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { filesBelow, ROOT } from './source-files.ts'

/** These read what the server told them, and may not import the server's core. */
const READS_WHAT_WE_TOLD = /^server\/src\/cli\//
/** Zones are its business; every text reaches it through the reader. */
const KNOWS_ZONES = 'server/src/calendar/time-zone.ts'

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  allowImportingTsExtensions: true,
  noEmit: true,
  strict: true,
  skipLibCheck: true,
  types: ['node'],
}

test('no text becomes a date but by the strict readers', () => {
  const files = [...filesBelow('server/src', ['.ts']), ...filesBelow('wire/src', ['.ts'])]
    .map(({ path }) => path)
    .filter(path => !READS_WHAT_WE_TOLD.test(path))
  const program = ts.createProgram(
    files.map(path => `${ROOT}/${path}`),
    OPTIONS,
  )
  const found = program
    .getSourceFiles()
    .filter(source => files.includes(pathOf(source)))
    .flatMap(source =>
      lenientDatesIn(source, program.getTypeChecker()).map(what => `${pathOf(source)}:${what}`),
    )
  assert.deepEqual(found, [])
})

test('the check sees what it should', () => {
  const text = `
    declare const text: string, number: number, either: string | number, some: unknown, day: Date, any: any
    new Date(text); new Date(either); new Date(some as string); Date.parse(text); new Date(any); new Date('2031-01-01')
    new Date(); new Date(number); new Date(number * 1000); new Date(day); new Date(Date.UTC(2031, 1, 1))
    Temporal.Instant.from(text); Temporal.PlainDateTime.from({ year: 1 })`
  const host = ts.createCompilerHost(OPTIONS)
  const read = host.getSourceFile.bind(host)
  host.getSourceFile = (name, ...rest) =>
    name === 'sample.ts' ? ts.createSourceFile(name, text, ts.ScriptTarget.ESNext, true) : read(name, ...rest)
  const program = ts.createProgram(['sample.ts'], { ...OPTIONS, types: [] }, host)
  const found = lenientDatesIn(program.getSourceFile('sample.ts')!, program.getTypeChecker())
  assert.deepEqual(found, [
    '3: new Date(text)',
    '3: new Date(either)',
    '3: new Date(some as string)',
    '3: Date.parse(text)',
    '3: new Date(any)',
    "3: new Date('2031-01-01')",
    '5: Temporal.Instant.from(text)',
    '5: Temporal.PlainDateTime.from({ year: 1 })',
  ])
})

function lenientDatesIn(source: ts.SourceFile, checker: ts.TypeChecker): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (isLenient(node, checker) && !(pathOf(source) === KNOWS_ZONES && isTemporal(node))) {
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
      found.push(`${line}: ${node.getText(source)}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function isLenient(node: ts.Node, checker: ts.TypeChecker): boolean {
  if (isTemporal(node)) return true
  if (ts.isCallExpression(node)) return node.expression.getText() === 'Date.parse'
  if (!ts.isNewExpression(node) || node.expression.getText() !== 'Date') return false
  const [first, ...rest] = node.arguments ?? []
  return first !== undefined && rest.length === 0 && mayBeText(checker.getTypeAtLocation(first))
}

function isTemporal(node: ts.Node): boolean {
  return ts.isCallExpression(node) && /^Temporal\.\w+\.from$/.test(node.expression.getText())
}

/** `any` and `unknown` may be. */
function mayBeText(type: ts.Type): boolean {
  if (type.isUnion()) return type.types.some(mayBeText)
  return (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.StringLike)) !== 0
}

function pathOf(source: ts.SourceFile): string {
  return relative(ROOT, source.fileName).split(sep).join('/')
}
