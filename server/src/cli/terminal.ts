// Colours and columns for people, and protection of the terminal against what a text contains. Scripts use --json.

import type { CliIo } from './cli-io.ts'

export type Paint = (text: string) => string
export type Palette = { readonly [colour in keyof typeof CODES]: Paint }

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
} as const

// Until it is written, each of our own sequences is between two code points that are not characters, so no text needs them. The only
// place that writes removes every control character from a text, and then puts our sequences in.
const BEGIN = '\ufdd0'
const END = '\ufdd1'
/** Overwrites the cursor's line, if the output is a terminal. */
export const REWRITE_LINE = `${BEGIN}K${END}`
const OURS: ReadonlyMap<string, string> = new Map([
  ['K', '\r\u001b[K'],
  ...Object.values(CODES)
    .flat()
    .map(code => [String(code), `\u001b[${code}m`] as const),
])

// C0 without tab and line feed, DEL and C1; characters that change the direction of text; line ends that only some programs know; and
// the marks of our own sequences.
const UNFIT =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufdd0\ufdd1]/g

/** Colours on a terminal, unless NO_COLOR says otherwise (no-color.org). */
export function palette(io: Pick<CliIo, 'isTerminal' | 'env'>): Palette {
  const on = io.isTerminal && (io.env.NO_COLOR ?? '') === '' && io.env.TERM !== 'dumb'
  return Object.fromEntries(
    Object.entries(CODES).map(([name, [open, close]]) => [
      name,
      (text: string) => (on && text !== '' ? `${BEGIN}${open}${END}${text}${BEGIN}${close}${END}` : text),
    ]),
  ) as Palette
}

/** The command line writes with this. It lets no control character out but our own. */
export function printable(io: CliIo): CliIo {
  const { confirm } = io
  return {
    ...io,
    stdout: text => io.stdout(written(text)),
    stderr: text => io.stderr(written(text)),
    confirm: confirm && (question => confirm(written(question))),
    // On a terminal it is shown as text; a file gets it unchanged.
    exact: text => io.stdout(io.isTerminal ? plain(text.replaceAll('\r\n', '\n')) : text),
  }
}

function written(text: string): string {
  return text
    .split(/(\ufdd0(?:K|\d{1,2})\ufdd1)/)
    .map((part, at) => (at % 2 === 1 ? (OURS.get(part.slice(1, -1)) ?? '') : plain(part)))
    .join('')
}

/** Makes a text from the network safe to print: removes what moves the cursor, starts a sequence or changes the direction of text. */
export function plain(text: string): string {
  return text.replace(UNFIT, '\ufffd')
}

/** JSON for scripts. Characters that must not be printed are escaped, so that nothing is lost. */
export function json(value: unknown, indent = 2): string {
  const text = JSON.stringify(value, null, indent)
  return `${text.replace(UNFIT_IN_JSON, one => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}

// Line ends are not escaped here: they are part of JSON's layout. Within a text JSON escapes C0 itself.
const UNFIT_IN_JSON = new RegExp(UNFIT.source, 'g')

/** The same, on one line: a text from the network cannot begin lines of its own. */
export function oneLine(text: string): string {
  return plain(text.replace(/[\s\u0085]+/g, ' '))
}

/** Cuts to `width` columns, counting code points; wide characters may take more room than that. */
export function fit(text: string, width: number): string {
  const points = [...text]
  return points.length <= width ? text : `${points.slice(0, Math.max(1, width - 1)).join('')}…`
}

export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - [...text].length))
}

/** The width of the longest text, in code points; 0 if there is none. */
export function widest(texts: readonly string[]): number {
  return texts.reduce((width, text) => Math.max(width, [...text].length), 0)
}

/** Lines of at most `width` columns, broken at spaces; a longer word gets a line of its own. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && [...last].length + 1 + [...word].length <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
