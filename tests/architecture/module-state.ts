// Finds what a module keeps for as long as the process lives and can change: two engines of one process would share it, and
// what one tenant or one test does would be seen by the next.

import ts from 'typescript'

/** What may be called at the top of a module: it gives something that nobody can change, or a pure function of its arguments. */
const HARMLESS_CALLS = new Set(['Number', 'String', 'Symbol', 'Object.freeze', 'Date.UTC'])
/** What such a `new` gives holds nothing that changes. Maps and sets are looked at closer. */
const HARMLESS_NEWS = new Set(['URL', 'TextEncoder', 'TextDecoder', 'Error'])
const COLLECTIONS = new Set(['Map', 'Set', 'WeakMap', 'WeakSet', 'Array', 'Uint8Array', 'Buffer'])
/** Methods that change what they are called of. */
const CHANGES = /^(set|add|delete|clear|push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin|write\w*)$/

export type Found = { readonly line: number; readonly what: string; readonly name: string }

/** `harmlessCalls`: functions of this project whose answer is no state either. */
export function moduleStateOf(text: string, harmlessCalls: ReadonlySet<string> = new Set()): Found[] {
  const source = ts.createSourceFile('module.ts', text, ts.ScriptTarget.Latest, true)
  const found: Found[] = []
  const tell = (node: ts.Node, name: string, what: string) =>
    found.push({ line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1, name, what })
  const calls = new Set([...HARMLESS_CALLS, ...harmlessCalls])

  const held = new Set<string>()
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement)) {
      const isConst = (statement.declarationList.flags & ts.NodeFlags.Const) !== 0
      for (const declaration of statement.declarationList.declarations) {
        const names = namesIn(declaration.name)
        if (!isConst) for (const name of names) tell(declaration, name, 'can be assigned')
        for (const name of names) held.add(name)
        if (declaration.initializer && holdsState(declaration.initializer, calls))
          tell(declaration, names.join(), 'is made of what may change')
      }
    } else if (ts.isClassDeclaration(statement)) {
      for (const member of statement.members) {
        const modifiers = ts.canHaveModifiers(member) ? (ts.getModifiers(member) ?? []) : []
        const has = (kind: ts.SyntaxKind) => modifiers.some(modifier => modifier.kind === kind)
        if (ts.isClassStaticBlockDeclaration(member)) tell(member, 'static', 'runs for the whole class')
        if (!ts.isPropertyDeclaration(member) || !has(ts.SyntaxKind.StaticKeyword)) continue
        const name = `${statement.name?.text}.${member.name.getText()}`
        if (!has(ts.SyntaxKind.ReadonlyKeyword)) tell(member, name, 'can be assigned')
        else if (member.initializer && holdsState(member.initializer, calls))
          tell(member, name, 'is made of what may change')
      }
    } else if (!isDeclaration(statement)) tell(statement, firstWords(statement), 'is done when it is loaded')
  }

  const visit = (node: ts.Node): void => {
    const changed = changedBy(node)
    // What a module does to its own while it is loaded is how it is made.
    if (changed !== null && held.has(changed.text) && isInFunction(node) && !isShadowed(changed))
      tell(node, changed.text, 'is changed')
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function isDeclaration(statement: ts.Statement): boolean {
  return (
    ts.isImportDeclaration(statement) ||
    ts.isExportDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isFunctionDeclaration(statement)
  )
}

/** Whether what this gives may hold something that changes later. Literals and collections count only if somebody changes them. */
function holdsState(expression: ts.Expression, calls: ReadonlySet<string>): boolean {
  if (ts.isNewExpression(expression)) {
    const name = expression.expression.getText()
    if (COLLECTIONS.has(name)) {
      // A weak one that is never filled is of no use: it is there to be.
      return name.startsWith('Weak') || (expression.arguments?.length ?? 0) === 0
    }
    // A pattern that remembers where it was, is state as well.
    if (name === 'RegExp') return /[gy]/.test(literalOf(expression.arguments?.[1]))
    return !HARMLESS_NEWS.has(name)
  }
  if (ts.isRegularExpressionLiteral(expression)) return /\/[a-z]*[gy][a-z]*$/.test(expression.text)
  if (ts.isCallExpression(expression)) {
    const callee = expression.expression
    const name = callee.getText()
    if (calls.has(name) || calls.has(name.slice(name.lastIndexOf('.') + 1))) return false
    // A method of what is no state itself: 'text'.replace(…), new Uint8Array(1).fill(…), readFileSync(…).replace(…).
    return !(ts.isPropertyAccessExpression(callee) && isPlain(callee.expression, calls))
  }
  if (ts.isArrayLiteralExpression(expression) || ts.isObjectLiteralExpression(expression)) {
    if (isEmpty(expression)) return true
    return partsOf(expression).some(part => holdsState(part, calls))
  }
  if (
    ts.isAsExpression(expression) ||
    ts.isSatisfiesExpression(expression) ||
    ts.isParenthesizedExpression(expression)
  )
    return holdsState(expression.expression, calls)
  return false
}

function isPlain(expression: ts.Expression, calls: ReadonlySet<string>): boolean {
  if (ts.isStringLiteralLike(expression) || ts.isNewExpression(expression) || ts.isCallExpression(expression))
    return !holdsState(expression, calls)
  const name = expression.getText()
  return (
    name === 'Array' ||
    name === 'Buffer' ||
    name === 'Object' ||
    name === 'JSON' ||
    /^process\.env/.test(name)
  )
}

function isEmpty(literal: ts.ArrayLiteralExpression | ts.ObjectLiteralExpression): boolean {
  return ts.isArrayLiteralExpression(literal)
    ? literal.elements.length === 0
    : literal.properties.length === 0
}

function partsOf(literal: ts.ArrayLiteralExpression | ts.ObjectLiteralExpression): ts.Expression[] {
  if (ts.isArrayLiteralExpression(literal)) return [...literal.elements]
  return literal.properties.flatMap(property =>
    ts.isPropertyAssignment(property) ? [property.initializer] : [],
  )
}

/** The variable that this changes, or whose content it changes. */
function changedBy(node: ts.Node): ts.Identifier | null {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken
    const assigns = kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment
    return assigns ? rootOf(node.left) : null
  }
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    const steps =
      node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken
    return steps ? rootOf(node.operand) : null
  }
  if (ts.isDeleteExpression(node)) return rootOf(node.expression)
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression))
    return CHANGES.test(node.expression.name.text) ? rootOf(node.expression.expression) : null
  return null
}

function rootOf(expression: ts.Expression): ts.Identifier | null {
  if (ts.isIdentifier(expression)) return expression
  if (ts.isPropertyAccessExpression(expression) || ts.isElementAccessExpression(expression))
    return rootOf(expression.expression)
  if (
    ts.isNonNullExpression(expression) ||
    ts.isParenthesizedExpression(expression) ||
    ts.isAsExpression(expression)
  )
    return rootOf(expression.expression)
  return null
}

function isInFunction(node: ts.Node): boolean {
  return ts.findAncestor(node, ts.isFunctionLike) !== undefined
}

/** Whether a function in between has a parameter or a variable of the same name. */
function isShadowed(identifier: ts.Identifier): boolean {
  for (let node: ts.Node = identifier.parent; !ts.isSourceFile(node); node = node.parent) {
    if (
      !ts.isFunctionLike(node) &&
      !ts.isBlock(node) &&
      !ts.isForOfStatement(node) &&
      !ts.isForStatement(node)
    )
      continue
    const declared: string[] = []
    if (ts.isFunctionLike(node))
      for (const parameter of node.parameters) declared.push(...namesIn(parameter.name))
    const lists = ts.isBlock(node)
      ? node.statements.flatMap(each => (ts.isVariableStatement(each) ? [each.declarationList] : []))
      : (ts.isForOfStatement(node) || ts.isForStatement(node)) &&
          node.initializer &&
          ts.isVariableDeclarationList(node.initializer)
        ? [node.initializer]
        : []
    for (const list of lists) for (const each of list.declarations) declared.push(...namesIn(each.name))
    if (declared.includes(identifier.text)) return true
  }
  return false
}

function namesIn(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text]
  return name.elements.flatMap(element => (ts.isOmittedExpression(element) ? [] : namesIn(element.name)))
}

function literalOf(node: ts.Node | undefined): string {
  return node && ts.isStringLiteralLike(node) ? node.text : ''
}

function firstWords(node: ts.Node): string {
  return node.getText().split('\n')[0] as string
}
