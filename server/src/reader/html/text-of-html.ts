// HTML as plain text: for previews, for clients that want text, for the text of mails and iCalendar's DESCRIPTION. Links
// keep their targets, `Join <https://…>`, as Outlook writes them and mail programs understand them.

import { compile, type FormatCallback, type SelectorDefinition } from 'html-to-text'
import { MAX_DEPTH } from './gate.ts'
import { linkTarget, saysTarget } from './link-target.ts'

const link: FormatCallback = (element, walk, builder) => {
  const target = linkTarget(element.attribs?.href)
  let words = ''
  builder.pushWordTransform(word => {
    // Longer than the target it cannot be the same.
    if (words.length <= (target?.length ?? 0)) words += word
    return word
  })
  walk(element.children, builder)
  builder.popWordTransform()
  if (target === null || saysTarget(words, target)) return
  builder.addInline(words === '' ? target : ` <${target}>`, { noWordTransform: true })
}

const imageWords: FormatCallback = (element, _walk, builder) => {
  builder.addInline(String(element.attribs?.alt ?? ''))
}

/** Tables are mostly there for the layout: a line for each row, and a blank between cells. */
const cell: FormatCallback = (element, walk, builder) => {
  walk(element.children, builder)
  builder.addInline(' ')
}

const oneLine = { leadingLineBreaks: 1, trailingLineBreaks: 1 }
const emptyLine = { leadingLineBreaks: 2, trailingLineBreaks: 2 }

const blocks = (tags: string, format: string, options: object): SelectorDefinition[] =>
  tags.split(' ').map(selector => ({ selector, format, options }))

const convert = compile({
  wordwrap: false,
  formatters: { link, imageWords, cell },
  // The library's own parser nests links in one another, which the gate's does not.
  limits: { maxDepth: MAX_DEPTH, ellipsis: '…' },
  selectors: [
    { selector: 'a', format: 'link' },
    { selector: 'img', format: 'imageWords' },
    ...blocks('td th', 'cell', {}),
    ...blocks('p', 'paragraph', oneLine),
    ...blocks('tr dt dd address center fieldset figure figcaption details summary caption', 'block', oneLine),
    ...blocks('table', 'block', oneLine),
    ...blocks('h1 h2 h3 h4 h5 h6', 'heading', { ...emptyLine, uppercase: false }),
    ...blocks('blockquote', 'blockquote', emptyLine),
    ...blocks('ul', 'unorderedList', oneLine),
    ...blocks('ol', 'orderedList', oneLine),
    ...blocks('hr', 'horizontalLine', { ...oneLine, length: 20 }),
    ...blocks('title textarea option xmp noscript noframes noembed template', 'skip', {}),
  ],
})

export function textOfHtml(html: string): string {
  const lines = convert(html).replaceAll('\u00a0', ' ').split('\n')
  return lines
    .map(textLine => textLine.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}
