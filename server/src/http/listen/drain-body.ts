// Reads the rest of a body that was refused, and throws it away. If the connection were closed while the caller still sends, the
// caller might lose the answer (RFC 9112, 9.6).

import type { IncomingMessage } from 'node:http'

/** Beyond this the connection is closed after all. The time of a request has a limit of its own. */
export const MAX_DRAINED_BYTES = 16 * 1_048_576

export function drainBody(request: IncomingMessage): void {
  let left = MAX_DRAINED_BYTES
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) request.destroy()
  })
  request.resume()
}
