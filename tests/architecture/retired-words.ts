// Words that this project no longer uses, since a reader who is new to it could not know what they mean; and where they are found.

import ts from 'typescript'

/** Not the whole name of anything that is declared. As a part of a longer name, which says more, they are fine. */
export const RETIRED_NAMES: ReadonlySet<string> = new Set([
  'told',
  'held',
  'line',
  'place',
  'home',
  'most',
  'said',
  'asked',
  'turn',
  'chosen',
  'leave',
  'owner',
])

/** In no comment, text, page or name of a test. */
const RETIRED_WORDS =
  /\b(births?|born|bears?|begets?|ow(?:e|es|ed|ing)|drawers?|leaves the house|short way|long way)\b/gi
/** Nowhere at all: classes of errors that are named for their condition now. */
const RETIRED_CLASSES = /\b(TreesMeet|TooMuchAtOnce|TakenUp|OpenAlready|QueueChanged)\b/g

/** The section of ARCHITECTURE.md that lists the retired words, up to the next heading. It is the one place that must name them. */
const SECTION_OF_RETIRED_WORDS = /^### Retired words$[\s\S]*?(?=^#{1,3} |$(?![\s\S]))/m

/** What is found in a file, each as often as it stands there. */
export function retiredIn({ path, text }: { readonly path: string; readonly text: string }): string[] {
  if (path.endsWith('.md')) return wordsIn(text.replace(SECTION_OF_RETIRED_WORDS, ''))
  if (path.endsWith('.sql')) return wordsIn(commentsOfSql(text))
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  if (path.startsWith('tests/')) return namesOfTests(source).flatMap(wordsIn)
  const words = [...commentsOf(source), ...textsOf(source)].flatMap(wordsOnly)
  // The fields of the wire keep their names: callers depend on them.
  const isKept = path.startsWith('wire/') ? ts.isPropertySignature : () => false
  return [...namesDeclaredIn(source, isKept), ...words, ...(text.match(RETIRED_CLASSES) ?? [])]
}

function wordsIn(text: string): string[] {
  return [...wordsOnly(text), ...(text.match(RETIRED_CLASSES) ?? [])]
}

function wordsOnly(text: string): string[] {
  // A comment goes on in the next line.
  const flat = text.replace(/\s*\n\s*(?:\/\/|\*|--)?\s*/g, ' ')
  return (flat.match(RETIRED_WORDS) ?? []).map(word => word.toLowerCase())
}

function commentsOfSql(text: string): string {
  return (text.match(/--[^\n]*|\/\*[\s\S]*?\*\//g) ?? []).join('\n')
}

function namesDeclaredIn(source: ts.SourceFile, isKept: (node: ts.Node) => boolean): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (
      (ts.isVariableDeclaration(node) ||
        ts.isParameter(node) ||
        ts.isBindingElement(node) ||
        ts.isPropertySignature(node) ||
        ts.isPropertyDeclaration(node) ||
        ts.isFunctionDeclaration(node) ||
        ts.isMethodDeclaration(node) ||
        ts.isMethodSignature(node) ||
        ts.isGetAccessor(node) ||
        ts.isClassDeclaration(node) ||
        ts.isTypeAliasDeclaration(node) ||
        ts.isInterfaceDeclaration(node)) &&
      !isKept(node) &&
      node.name &&
      ts.isIdentifier(node.name) &&
      RETIRED_NAMES.has(node.name.text)
    )
      found.push(node.name.text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function textsOf(source: ts.SourceFile): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      found.push(node.text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function commentsOf(source: ts.SourceFile): string[] {
  const { text } = source
  const ranges = new Map<number, string>()
  const keep = (list: readonly ts.CommentRange[] | undefined) => {
    for (const { pos, end } of list ?? []) ranges.set(pos, text.slice(pos, end))
  }
  const visit = (node: ts.Node): void => {
    if (node.kind >= ts.SyntaxKind.FirstToken && node.kind <= ts.SyntaxKind.LastToken) {
      // What stands between two parts of a template is text.
      if (!ts.isTemplateMiddleOrTemplateTail(node))
        keep(ts.getLeadingCommentRanges(text, node.getFullStart()))
      if (!ts.isTemplateHead(node) && !ts.isTemplateMiddle(node))
        keep(ts.getTrailingCommentRanges(text, node.end))
    }
    for (const child of node.getChildren(source)) visit(child)
  }
  visit(source)
  // Joined: a comment of several lines is one text.
  return [
    [...ranges]
      .sort(([a], [b]) => a - b)
      .map(([, comment]) => comment)
      .join('\n'),
  ]
}

function namesOfTests(source: ts.SourceFile): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(test|it|describe|suite)$/.test(node.expression.getText())) {
      const [name] = node.arguments
      if (name && (ts.isStringLiteralLike(name) || ts.isTemplateExpression(name))) found.push(name.getText())
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}
