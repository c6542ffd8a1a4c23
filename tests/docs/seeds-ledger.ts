// Reads docs/seeds.md, and looks for the tests that it names.

export type LedgerRow = {
  readonly id: string
  readonly shownBy: readonly { readonly file: string; readonly title: string }[]
}

/** Rows of the tables: `| 4.7 | statement | what holds | `file` › title<br>`file` › title |`. */
export function rowsOf(markdown: string): LedgerRow[] {
  return markdown
    .split('\n')
    .filter(line => /^\| *\d+\.\d+ *\|/.test(line))
    .map(line => {
      const cells = line.split(/(?<!\\)\|/).map(cell => cell.trim().replaceAll('\\|', '|'))
      const shownBy = cells[4]!
        .split('<br>')
        .map(entry => /^`([^`]+)` › (.+)$/.exec(entry))
        .filter(match => match !== null)
        .map(match => ({ file: match[1]!, title: match[2]! }))
      return { id: cells[1]!, shownBy }
    })
}

const TITLE = /\btest\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`|([a-z]\w*)\s*,)/g

/**
 * True when the test file has a test of that title. A title that is made in a loop counts when each of its parts stands in
 * the file as a text of its own.
 */
export function hasTitle(source: string, title: string): boolean {
  for (const [, single, double, template, variable] of source.matchAll(TITLE)) {
    const literal = single ?? double
    if (literal !== undefined && literal.replace(/\\(.)/g, '$1') === title) return true
    if (variable !== undefined && isText(source, title)) return true
    if (template !== undefined && fits(source, template, title)) return true
  }
  return false
}

function fits(source: string, template: string, title: string): boolean {
  const parts = template.split(/\$\{[^}]*\}/).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const match = new RegExp(`^${parts.join('(.+?)')}$`).exec(title)
  return match?.slice(1).every(value => isText(source, value)) ?? false
}

function isText(source: string, value: string): boolean {
  return [`'${value}'`, `"${value}"`, `\`${value}\``].some(quoted => source.includes(quoted))
}
