// Refuses what cannot be read as HTTP, or arrives too slowly. The answer is a problem, since it is not known which API was meant.

import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { httpFault } from '../faults.ts'
import { problemOf } from '../problem-of.ts'

const TIME_OVER = 'ERR_HTTP_REQUEST_TIMEOUT'

// Node's own default handler reads this field too, to see whether an answer is under way.
type HttpSocket = Socket & { readonly _httpMessage?: ServerResponse | null }

/** Node reports every further chunk on the same connection again, so each socket is remembered. */
const refused = new WeakSet<Socket>()

/** The listener for a server's 'clientError'. */
export function refuseMalformedHttp({ code }: NodeJS.ErrnoException, socket: HttpSocket): void {
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

/**
 * Waits until the answers to earlier requests are sent: the client would take this one for one of them. Only the code of the error
 * is kept, since the error holds what the client sent.
 */
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
  // After a timeout Node goes on reading. It would take the rest of the refused request for a new one.
  if (code === TIME_OVER) socket.destroySoon()
}

function faultOfCode(code: string | undefined) {
  if (code === 'HPE_HEADER_OVERFLOW') return httpFault.HEADERS_TOO_LARGE()
  return code === TIME_OVER ? httpFault.TOO_SLOW() : httpFault.BAD_REQUEST()
}
