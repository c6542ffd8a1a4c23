// What cannot be read as HTTP, or comes too slowly: refused by a problem, since it is not known whose API was meant.

import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { httpFault } from '../fault-of.ts'
import { problemOf } from '../problem-of.ts'

const TIME_OVER = 'ERR_HTTP_REQUEST_TIMEOUT'

// Node's own refusal looks at the same, to see whether an answer is under way.
type HttpSocket = Socket & { readonly _httpMessage?: ServerResponse | null }

/** Node reports every further chunk on the same connection again. */
const refused = new WeakSet<Socket>()

/** For a server's 'clientError'. */
export function refuseNoHttp({ code }: NodeJS.ErrnoException, socket: HttpSocket): void {
  const underWay = socket._httpMessage
  if (code === 'ECONNRESET' || !socket.writable || underWay?.headersSent) {
    socket.destroy()
    return
  }
  if (refused.has(socket)) return
  refused.add(socket)
  if (underWay && !underWay.req.complete) refuse(code, socket)
  else refuseWhenFree(code, socket)
}

/** Sent at once, it would be taken for the answer to a request before. The error holds what was sent, so only its code is kept. */
function refuseWhenFree(code: string | undefined, socket: HttpSocket): void {
  if (socket._httpMessage) socket._httpMessage.once('finish', () => refuseWhenFree(code, socket))
  else refuse(code, socket)
}

function refuse(code: string | undefined, socket: Socket): void {
  if (!socket.writable) return
  const fault = faultOfCode(code)
  const body = JSON.stringify(problemOf(fault))
  socket.end(
    [
      `HTTP/1.1 ${fault.status} ${STATUS_CODES[fault.status]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
  // Node goes on reading behind a time that is over. The rest of what was refused would be taken for a request in time.
  if (code === TIME_OVER) socket.destroySoon()
}

function faultOfCode(code: string | undefined) {
  if (code === 'HPE_HEADER_OVERFLOW') return httpFault.HEADERS_TOO_LARGE()
  return code === TIME_OVER ? httpFault.TOO_SLOW() : httpFault.BAD_REQUEST()
}
