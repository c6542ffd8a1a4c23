// A fault is recognised by its class or its code, never by its words or by the name of its class: words are for people, and change.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import ts from 'typescript'
import { filesBelow } from './source-files.ts'

const FAULT = /(error|fault|cause|reason|failure|thrown|exception)$/i
const WORD_METHODS = new Set(['includes', 'startsWith', 'endsWith', 'match', 'search', 'indexOf'])

/** Where what throws gives neither a class nor a code. */
const WITHOUT_CODE: Readonly<Record<string, string>> = {
  'server/src/store/database.ts': 'Connection terminated|is not queryable',
}

test('no fault is recognised by its words', () => {
  const found = ['server/src', 'wire/src', 'client']
    .flatMap(folder => filesBelow(folder, ['.ts']))
    .flatMap(({ path, text }) =>
      recognisedByWords(text)
        .filter(what => !(path in WITHOUT_CODE && what.includes(WITHOUT_CODE[path] as string)))
        .map(what => `${path}:${what}`),
    )
  assert.deepEqual(found, [])
})

test('the check sees what it should', () => {
  const refused = [
    "if (error.name === 'AbortError') stop()",
    "if ('gone' !== (error as Error).message) stop()",
    'if (error?.message === gone) stop()',
    "if (thrown.message.startsWith('no')) stop()",
    'if (/gone/.test(cause.message)) stop()',
    'if (/gone/.test(String(error))) stop()',
    "if (String(error).includes('gone')) stop()",
    "switch (error.name) { case 'AbortError': stop() }",
    "if (error.constructor.name === 'Gone') stop()",
  ]
  for (const text of refused) assert.equal(recognisedByWords(text).length, 1, text)
  const allowed = [
    "if (error.code === 'ENOENT') stop()",
    'if (error instanceof Gone) stop()',
    'log(error.message)',
    "if (command.name === 'start') stop()",
    'if (/^08/.test(error.code)) stop()',
  ]
  for (const text of allowed) assert.deepEqual(recognisedByWords(text), [], text)
})

function recognisedByWords(text: string): string[] {
  const source = ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (comparesWords(node)) {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
      found.push(`${line}: ${node.getText().split('\n')[0]}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function comparesWords(node: ts.Node): boolean {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken
    const compares =
      kind === ts.SyntaxKind.EqualsEqualsEqualsToken || kind === ts.SyntaxKind.ExclamationEqualsEqualsToken
    return compares && (isWordsOfFault(node.left) || isWordsOfFault(node.right))
  }
  if (ts.isSwitchStatement(node)) return isWordsOfFault(node.expression)
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false
  const { expression: callee, name } = node.expression
  if (name.text === 'test' || name.text === 'exec') return node.arguments.some(isWordsOfFault)
  return WORD_METHODS.has(name.text) && isWordsOfFault(callee)
}

/** `error.name`, `error.message`, `error.constructor.name` or `String(error)`, of what is called like a fault. */
function isWordsOfFault(node: ts.Expression): boolean {
  const expression = bare(node)
  if (ts.isCallExpression(expression)) {
    const [first] = expression.arguments
    return expression.expression.getText() === 'String' && first !== undefined && isFault(first)
  }
  if (!ts.isPropertyAccessExpression(expression) || !['name', 'message'].includes(expression.name.text))
    return false
  const of = bare(expression.expression)
  if (ts.isPropertyAccessExpression(of) && of.name.text === 'constructor') return isFault(of.expression)
  return isFault(of)
}

function isFault(node: ts.Expression): boolean {
  const expression = bare(node)
  return FAULT.test(expression.getText().replace(/[?!]$/, ''))
}

function bare(expression: ts.Expression): ts.Expression {
  return ts.isAsExpression(expression) ||
    ts.isParenthesizedExpression(expression) ||
    ts.isNonNullExpression(expression)
    ? bare(expression.expression)
    : expression
}
