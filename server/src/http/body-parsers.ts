// Which bodies the server reads: JSON, by its own parser (json-body.ts). An API adds other types for itself.

import type { FastifyInstance } from 'fastify'
import { httpFault } from './faults.ts'
import { isLargeBody, JSON_TYPE, parseJsonBody, parseLargeJsonBody } from './json-body.ts'

export function addBodyParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(JSON_TYPE, { parseAs: 'buffer' }, (_request, body, done) => {
    const octets = body as Buffer
    if (isLargeBody(octets)) {
      parseLargeJsonBody(octets).then(value => done(null, value), done)
      return
    }
    try {
      done(null, parseJsonBody(octets))
    } catch (error) {
      done(error as Error)
    }
  })

  // Some clients name a type (text/plain) and send no body. A type matters only when there is a body.
  app.addContentTypeParser('*', (request, _body, done) => {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
    const isEmpty = encoding === undefined && (length === undefined || length === '0')
    done(isEmpty ? null : httpFault.UNSUPPORTED_MEDIA_TYPE(), undefined)
  })
}
