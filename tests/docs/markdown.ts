// Reads the parts of a Markdown page that tests compare with the code: sections, tables, links.

import { posix } from 'node:path'

/** The text below a heading, up to the next one of the same level or above. Throws when the page has no such heading. */
export function sectionOf(page: string, heading: string): string {
  const level = /^#+/.exec(heading)?.[0].length ?? 0
  const lines = page.split('\n')
  const start = lines.indexOf(heading)
  if (start < 0) throw new Error(`there is no heading "${heading}"`)
  const rest = lines.slice(start + 1)
  const end = rest.findIndex(line => (/^#+(?= )/.exec(line)?.[0].length ?? 99) <= level)
  return rest.slice(0, end < 0 ? undefined : end).join('\n')
}

/** The rows of all tables in a text, without their heads; a cell may hold `\|`. */
export function rowsOf(text: string): string[][] {
  const lines = text.split('\n')
  return lines
    .filter((line, at) => line.startsWith('|') && !isRule(line) && !isRule(lines[at + 1] ?? ''))
    .map(line =>
      line
        .trim()
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map(cell => cell.trim().replaceAll('\\|', '|')),
    )
}

function isRule(line: string): boolean {
  return /^\|(?:\s*:?-+:?\s*\|)+$/.test(line.trim())
}

/** Where the links of a text lead inside of the repository; `from` is the page that they stand on. */
export function linksOf(text: string, from: string): string[] {
  return [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)].map(([, target]) =>
    posix.join(posix.dirname(from), target!),
  )
}

/** What stands between the backticks of a cell; the cell itself where it has none. */
export function codeOf(cell: string): string {
  return /^`(.+)`$/.exec(cell)?.[1] ?? cell
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(page: string): Set<string> {
  return new Set(
    [...page.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}
