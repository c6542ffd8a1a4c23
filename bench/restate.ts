// Restate, where its server is installed: invocations that are to begin in a month, called off one by one.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { freshDirectory } from './fresh-directory.ts'
import { httpLoad, request } from './http-load.ts'
import { type Load, until } from './load.ts'
import { inProcess } from './processes.ts'

export const NO_RESTATE =
  'Restate is not installed (`npm install --no-save @restatedev/restate-server`, 216 MB, does it until the next `npm ci`)'

/** Its program; null where it is not installed. */
export function restateProgram(): string | null {
  try {
    const name = `@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`
    return createRequire(import.meta.url).resolve(name)
  } catch {
    return spawnSync('restate-server', ['--version']).status === 0 ? 'restate-server' : null
  }
}

export type Restate = AsyncDisposable & {
  /** Delayed invocations, to be cancelled in this order. */
  seed(count: number): Promise<void>
  cancel(callers: number, calls: number): Promise<Load>
}

export async function openRestate(program: string): Promise<Restate> {
  const dir = freshDirectory()
  const handlers = await serveHandlers()
  const restate = spawn(
    program,
    ['--use-random-ports=true', '--listen-mode=tcp', '--bind-ip=127.0.0.1', `--base-dir=${dir}`, '--no-logo'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, DO_NOT_TRACK: '1', RESTATE_LOG_FORMAT: 'json', RESTATE_LOG_FILTER: 'info' },
    },
  )
  const ports = await listening(restate)
  await register(ports.admin, (handlers.address() as AddressInfo).port)
  const meter = inProcess(restate.pid!)
  const invocations: string[] = []
  let next = 0
  const send = request('POST', '/Bench/act/send?delay=720h', {}, { to: 'somebody@example.com' })
  return {
    async seed(count) {
      await httpLoad({
        port: ports.ingress,
        callers: 64,
        calls: count,
        request: () => send,
        expect: 202,
        answered: body => {
          invocations.push((JSON.parse(body) as { invocationId: string }).invocationId)
        },
      })
    },
    cancel(callers, calls) {
      const first = next
      next += calls
      return httpLoad({
        port: ports.admin,
        callers,
        calls,
        meter,
        request: i => request('PATCH', `/invocations/${invocations[first + i]}/cancel`),
      })
    },
    async [Symbol.asyncDispose]() {
      restate.kill('SIGKILL')
      await once(restate, 'exit')
      handlers.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** What Restate asks before it takes invocations: which handlers there are. None of them is ever called. */
async function serveHandlers(): Promise<Server> {
  const manifest = {
    protocolMode: 'REQUEST_RESPONSE',
    minProtocolVersion: 5,
    maxProtocolVersion: 5,
    services: [{ name: 'Bench', ty: 'SERVICE', handlers: [{ name: 'act' }] }],
  }
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/vnd.restate.endpointmanifest.v2+json')
    response.end(JSON.stringify(manifest))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Its ports, as its log tells them. */
async function listening(restate: ChildProcess): Promise<{ ingress: number; admin: number }> {
  const ports = new Map<string, number>()
  createInterface({ input: restate.stdout! }).on('line', line => {
    const span = logSpan(line)
    if (span.server_name && span['server.port']) ports.set(span.server_name, span['server.port'])
  })
  await until(() => {
    if (restate.exitCode !== null) throw new Error(`restate-server ended with ${restate.exitCode}`)
    return ports.has('http-ingress-server') && ports.has('admin-api-server')
  })
  return { ingress: ports.get('http-ingress-server')!, admin: ports.get('admin-api-server')! }
}

function logSpan(line: string): { server_name?: string; 'server.port'?: number } {
  try {
    return (JSON.parse(line) as { span?: object }).span ?? {}
  } catch {
    return {}
  }
}

/** Refused until its parts have found each other. */
async function register(admin: number, handlers: number): Promise<void> {
  const body = JSON.stringify({ uri: `http://127.0.0.1:${handlers}`, use_http_11: true })
  const headers = { 'content-type': 'application/json' }
  let said = 'nothing'
  const deadline = performance.now() + 30_000
  await until(async () => {
    const response = await fetch(`http://127.0.0.1:${admin}/deployments`, { method: 'POST', headers, body })
    said = `${response.status} ${await response.text()}`
    if (!response.ok && performance.now() > deadline) throw new Error(`restate-server: ${said}`)
    return response.ok
  }, 200)
}
