// HTML that may stand in a mail: what a text consists of, and nothing that acts, looks like somebody else's page, or tells
// its sender that it was read. No scripts, styles, forms, frames and images.

import sanitizeHtml from 'sanitize-html'

const OPTIONS: sanitizeHtml.IOptions = {
  allowedTags: [...sanitizeHtml.defaults.allowedTags, 'del', 'ins', 'strike'],
  allowedAttributes: {
    '*': ['dir', 'lang'],
    a: ['href', 'title'],
    ol: ['start', 'type'],
    td: ['colspan', 'rowspan'],
    th: ['colspan', 'rowspan'],
  },
  allowedSchemes: ['http', 'https', 'mailto', 'tel'],
  allowProtocolRelative: false,
  // Their text goes with them.
  nonTextTags: [
    'script',
    'style',
    'title',
    'textarea',
    'option',
    'xmp',
    'noscript',
    'noframes',
    'noembed',
    'template',
  ],
}

export function safeHtml(html: string): string {
  return sanitizeHtml(html, OPTIONS)
}
