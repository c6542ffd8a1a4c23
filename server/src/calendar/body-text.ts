// Bodies between text and HTML. What is written into mail as HTML is made from text here, so that nothing an organizer or
// a comment says can become markup.

import type { Body } from './meeting.ts'

const ESCAPES: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => ESCAPES[character] ?? character)
}

/** A body as plain text. HTML loses its tags, scripts and styles; line breaks and paragraphs become line ends. */
export function textOf(body: Body): string {
  if (body.contentType === 'text') return body.content
  return withoutEntities(withoutTags(body.content))
    .replace(/[ \t]+\n/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

const BREAKS = new Set([
  'br',
  'p',
  'div',
  'tr',
  'li',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  '/p',
  '/div',
  '/tr',
  '/li',
])
const SILENT = new Set(['script', 'style', 'head', 'title'])

// A scan, not a pattern: it is linear in the length whatever the markup is.
function withoutTags(html: string): string {
  const lower = html.toLowerCase()
  let text = ''
  let at = 0
  while (at < html.length) {
    const open = html.indexOf('<', at)
    if (open === -1) return text + html.slice(at)
    text += html.slice(at, open).replace(/\s+/g, ' ')
    const close = html.indexOf('>', open)
    if (close === -1) return text
    const name = /^\/?[a-z0-9]+/.exec(lower.slice(open + 1, Math.min(close, open + 20)))?.[0] ?? ''
    at = close + 1
    if (BREAKS.has(name) && !text.endsWith('\n')) text += '\n'
    if (SILENT.has(name)) {
      const end = lower.indexOf(`</${name}`, at)
      at = end === -1 ? html.length : end
    }
  }
  return text
}

const ENTITIES: { readonly [name: string]: string } = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  nbsp: ' ',
}

function withoutEntities(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (_, name: string) => ENTITIES[name] ?? '')
}

/** Graph's bodyPreview: the first 255 characters of the text. */
export function previewOf(body: Body): string {
  return [...textOf(body).slice(0, 600)].slice(0, 255).join('')
}
