// The gate before every HTML reader: one pass that keeps nothing, and stops at the element that is too deep. All readers
// of HTML keep a stack of what is open, and look through it at every tag: 200,000 elements in one another take them minutes.

import { Parser } from 'htmlparser2'
import { readerFault } from '../faults.ts'

/** Elements in one another. A mail that was answered a hundred times has about as many. */
export const MAX_DEPTH = 256

/** @throws Fault HTML_TOO_DEEP */
export function refuseDeepHtml(html: string): void {
  let depth = 0
  const parser = new Parser({
    onopentag() {
      depth += 1
      if (depth > MAX_DEPTH) throw readerFault.HTML_TOO_DEEP({ limit: MAX_DEPTH })
    },
    onclosetag() {
      depth -= 1
    },
  })
  parser.end(html)
}
