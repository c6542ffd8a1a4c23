// Colour and columns, for people. Scripts use --json.

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

/** Colours on a terminal, unless NO_COLOR says otherwise (no-color.org). */
export function palette(io: Pick<CliIo, 'isTerminal' | 'env'>): Palette {
  const on = io.isTerminal && (io.env.NO_COLOR ?? '') === '' && io.env.TERM !== 'dumb'
  return Object.fromEntries(
    Object.entries(CODES).map(([name, [open, close]]) => [
      name,
      (text: string) => (on && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text),
    ]),
  ) as Palette
}

/** What came over the network, safe to print: no control characters that move the cursor or start a sequence. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}

/** The same on one line: what came over the network cannot write lines of its own. */
export function line(text: string): string {
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

/** Columns of the longest of these, counting code points; 0 for none. */
export function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, [...text].length), 0)
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
