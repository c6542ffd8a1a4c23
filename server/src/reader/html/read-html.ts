// This folder reads strangers' HTML, in the reading process. This file says what is made of a text, all at
// once: the text is read once, and what came out is kept. It must not let a script or an unknown kind of link
// through, and it must never fetch what a text refers to.

import { readerFault } from '../faults.ts'
import { refuseDeepHtml } from './gate.ts'
import { safeHtml } from './safe-html.ts'
import { textOfHtml } from './text-of-html.ts'

export type HtmlRead = {
  readonly text: string
  /** Fit for a mail. */
  readonly html: string
}

/** Indented lists in one another can make a hundred characters out of two. */
export const MAX_RESULT = 2_000_000

/** @throws Fault HTML_TOO_DEEP, HTML_TOO_LARGE */
export function readHtml(html: string): HtmlRead {
  refuseDeepHtml(html)
  const read = { text: textOfHtml(html), html: safeHtml(html) }
  if (read.text.length > MAX_RESULT || read.html.length > MAX_RESULT)
    throw readerFault.HTML_TOO_LARGE({ limit: MAX_RESULT })
  return read
}
