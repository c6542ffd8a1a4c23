// The code blocks of a Markdown file, in order: what a reader would copy, and what it is said to print.

export type Block = {
  readonly language: string
  readonly text: string
  /** The `output` block right behind it; null when there is none. */
  readonly output: string | null
  /** Line of the file, for a failure's message. */
  readonly line: number
}

export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  for (const match of markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const [, language = '', text = ''] = match
    const last = blocks.at(-1)
    if (language === 'output' && last) blocks[blocks.length - 1] = { ...last, output: text }
    else
      blocks.push({ language, text, output: null, line: markdown.slice(0, match.index).split('\n').length })
  }
  return blocks
}

/** Whether `shown` describes `printed`: line by line, `…` stands for anything on its line; blank lines at the end are free. */
export function describes(shown: string, printed: string): boolean {
  const wanted = linesOf(shown)
  const got = linesOf(printed)
  return wanted.length === got.length && wanted.every((line, index) => pattern(line).test(got[index]!))
}

function linesOf(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map(line => line.trimEnd())
}

function pattern(line: string): RegExp {
  const parts = line.split('…').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`)
}
