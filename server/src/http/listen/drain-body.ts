// A body that is refused before it was read. Closed on while it still sends, a caller may lose the answer with the connection
// (RFC 9112, 9.6): so what still comes is read and thrown away.

import type { IncomingMessage } from 'node:http'

/** Beyond, the connection is closed after all. How long a body may take has a limit of its own. */
export const MOST_READ_AWAY_BYTES = 16 * 1_048_576

export function readAway(request: IncomingMessage): void {
  let left = MOST_READ_AWAY_BYTES
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) request.destroy()
  })
  request.resume()
}
