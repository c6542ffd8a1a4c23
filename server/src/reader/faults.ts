// Why something was not read. These are the writer's to mend; that nobody is free to read is ReaderUnavailable.

import { faults } from '../core/fault.ts'

export const readerFault = faults({
  READING_TOO_LONG: { status: 400, message: 'It could not be read within {limitMs} ms.' },
  READING_TOO_LARGE: { status: 400, message: 'It could not be read with {limitMb} MB of memory.' },
  HTML_TOO_DEEP: { status: 400, message: 'The HTML has more than {limit} elements in one another.' },
  HTML_TOO_LARGE: { status: 400, message: 'The HTML would be longer than {limit} characters as text.' },
})

/** Nobody is free to read: too many wait, or the server stops. http answers 503 with Retry-After. */
export class ReaderUnavailable extends Error {
  override readonly name = 'ReaderUnavailable'
}
