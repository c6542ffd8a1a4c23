// An HTTP server with nothing behind it but the routes that a test adds.

import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { readConfig } from '../../server/src/config/config.ts'
import type { ConnectionLimits } from '../../server/src/http/listen/connections.ts'
import { loadMetrics } from '../../server/src/http/metrics.ts'
import { createHttp, type Http, type HttpNeeds } from '../../server/src/http/server.ts'

export type HttpServer = {
  readonly http: Http
  readonly url: string
  readonly port: number
  readonly dataDir: string
  /** What was logged, at level debug. */
  readonly log: readonly string[]
  [Symbol.asyncDispose](): Promise<void>
}

export type HttpServerOptions = {
  readonly env?: Record<string, string>
  readonly demo?: boolean
  readonly connections?: ConnectionLimits
  readonly requestTimeoutMs?: number
  readonly routes?: (app: FastifyInstance) => void
  readonly prepare?: (http: Http) => void
  readonly wellForMs?: number
  readonly problemPage?: NonNullable<HttpNeeds['problemPage']>
}

export async function httpServer(options: HttpServerOptions = {}): Promise<HttpServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'standdown-http-'))
  const env = { PORT: '0', TLS_PORT: 'off', DATA_DIR: dataDir, LOG_LEVEL: 'debug', ...options.env }
  const log: string[] = []
  const http = createHttp({
    metrics: await loadMetrics(),
    config: readConfig(env, dataDir),
    now: () => new Date(),
    logStream: { write: line => void log.push(line) },
    demo: () => options.demo ?? false,
    connections: options.connections,
    ...(options.requestTimeoutMs !== undefined && { requestTimeoutMs: options.requestTimeoutMs }),
    ...(options.wellForMs !== undefined && { wellForMs: options.wellForMs }),
    ...(options.problemPage && { problemPage: options.problemPage }),
  })
  http.app.post('/echo', async request => ({ got: request.body === undefined ? 'nothing' : request.body }))
  options.routes?.(http.app)
  options.prepare?.(http)
  await http.listen()
  const address = http.app.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    http,
    url: `http://127.0.0.1:${port}`,
    port,
    dataDir,
    log,
    async [Symbol.asyncDispose]() {
      await http.close(0)
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Sends bytes as they are and resolves with all that comes back until the server ends the connection. */
export async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(bytes)
  let answer = ''
  socket.setEncoding('utf8')
  for await (const chunk of socket) answer += String(chunk)
  return answer
}
