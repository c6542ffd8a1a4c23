// The body of a cancel: nothing, null, {}, or one parameter that is called comment or Comment.

import { graphFault } from './faults.ts'
import { JsonFields } from './json-fields.ts'

/** Graph states no limit; this is the longest that is kept. */
export const MAX_COMMENT_CHARACTERS = 10_000

/** The comment, verbatim; null for none. @throws Fault RequestBodyRead, ErrorInvalidParameter */
export function readCancel(body: unknown): string | null {
  if (body === undefined || body === null) return null
  const fields = new JsonFields(body)
  for (const name of fields.names()) {
    if (name !== 'comment' && !name.includes('@odata.'))
      throw graphFault.RequestBodyRead({
        detail: `The parameter '${name.slice(0, 100)}' in the request payload is not a valid parameter for the operation 'cancel'.`,
      })
  }
  const comment = fields.get('comment')
  if (comment === undefined) return null
  if (typeof comment !== 'string')
    throw graphFault.ErrorInvalidParameter({ parameter: 'Comment', detail: 'a string is expected.' })
  if (comment.length > MAX_COMMENT_CHARACTERS && [...comment].length > MAX_COMMENT_CHARACTERS)
    throw graphFault.ErrorInvalidParameter({
      parameter: 'Comment',
      detail: `at most ${MAX_COMMENT_CHARACTERS} characters are accepted.`,
    })
  return comment
}
