// A list that is spread into the arguments of a call lies on the stack: from some hundred thousand on the call throws.
// `push` and `Math.max` are where it happens, with lists that were short when they were tried.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import ts from 'typescript'
import { filesBelow } from './source-files.ts'

const TAKES_A_LIST =
  /^(push|unshift|splice|concat|max|min|fromCharCode|fromCodePoint|replaceChildren|append)$/

/** Lists that cannot be long, with what says so. */
const BOUNDED: readonly { readonly call: string; readonly because: RegExp; readonly in: string }[] = [
  {
    call: "part('ended').replaceChildren(...items)",
    because: /\.slice\(0, MAX_ENDED\)/,
    in: 'client/agent/screen.ts',
  },
]

test('no list of unknown length is spread into the arguments of a call', () => {
  const files = [...filesBelow('server/src', ['.ts']), ...filesBelow('client', ['.ts'])].filter(
    // A cancel there marks 5,000 effects at once at most; whoever has more opens the cancellation.
    ({ path }) => !path.startsWith('server/src/engine/'),
  )
  assert.ok(files.length > 100, 'found the files')
  const spread = files.flatMap(({ path, text }) =>
    spreadCalls(text)
      .filter(
        call => !BOUNDED.some(each => each.call === call && each.in === path && each.because.test(text)),
      )
      .map(call => `${path}: ${call}`),
  )
  assert.deepEqual(spread, [])
})

test('the check finds such a call, over several lines too, and leaves literals and tuples alone', () => {
  assert.deepEqual(spreadCalls('all.push(...rows)'), ['all.push(...rows)'])
  assert.deepEqual(spreadCalls('all.push(\n  first,\n  ...rows.map(x => x),\n)').length, 1)
  assert.deepEqual(spreadCalls('Math.max(0, ...rows)').length, 1)
  assert.deepEqual(
    spreadCalls('all.push([...rows]); new Set([...rows]); credentials(...(await appOf()))'),
    [],
  )
})

function spreadCalls(text: string): string[] {
  const source = ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (
      ts.isCallExpression(node) &&
      ts.isPropertyAccessExpression(node.expression) &&
      TAKES_A_LIST.test(node.expression.name.text) &&
      node.arguments.some(ts.isSpreadElement)
    )
      found.push(node.getText().replace(/\s+/g, ' '))
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}
