// Serves the demonstration soft-phone: a provider's page. A real one comes from its vendor's site. So this one has a port, and thereby an
// origin, of its own. It has the documentation's two examples behind two buttons.

import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { html } from '../../http/html.ts'
import { contentSecurityPolicy } from '../../http/security-headers.ts'
import { webOrigin } from '../../notifications/channel.ts'
import { LIBRARY_PATH } from './library-path.ts'

export type SoftphoneServer = AsyncDisposable & {
  /** `port` 0: the system chooses one. */
  listen(port: number, host?: string): Promise<void>
  /** May be called twice, or before `listen`. */
  close(): Promise<void>
  /** @throws Error before `listen` */
  origin(): string
}

export type SoftphoneNeeds = {
  /** Origin of the agent desktop, which frames this page and serves the script. */
  readonly hostOrigin: () => string
}

const FOLDER = new URL('../../../../client/softphone/', import.meta.url)
const FILES: Readonly<Record<string, string>> = {
  '/softphone.js': 'text/javascript; charset=utf-8',
  '/softphone.css': 'text/css; charset=utf-8',
}

export function createSoftphoneServer({ hostOrigin }: SoftphoneNeeds): SoftphoneServer {
  const server = createServer((request, response) => answer(request, response, hostOrigin()))
  let base: { readonly host: string; readonly port: number } | null = null
  return {
    async listen(port, host = '127.0.0.1') {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ port, host }, () => {
          server.off('error', reject)
          resolve()
        })
      })
      base = { host, port: (server.address() as AddressInfo).port }
    },
    async close() {
      base = null
      await new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
    origin() {
      if (!base) throw new Error('the soft-phone is not listening')
      const wildcard = base.host === '0.0.0.0' || base.host === '::'
      const name = wildcard ? 'localhost' : base.host.includes(':') ? `[${base.host}]` : base.host
      return `http://${name}:${base.port}`
    },
    async [Symbol.asyncDispose]() {
      await this.close()
    },
  }
}

function answer(request: IncomingMessage, response: ServerResponse, hostOrigin: string): void {
  const [path = '/'] = (request.url ?? '/').split('?')
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('cache-control', 'no-store')
  const type = Object.hasOwn(FILES, path) ? FILES[path] : undefined
  if (request.method !== 'GET') response.writeHead(405).end()
  else if (path === '/') sendPage(request, response, hostOrigin)
  else if (type === undefined) response.writeHead(404).end()
  else
    response
      .writeHead(200, { 'content-type': type })
      .end(readFileSync(fileURLToPath(new URL(`.${path}`, FOLDER))))
}

function sendPage(request: IncomingMessage, response: ServerResponse, hostOrigin: string): void {
  // On one machine the desktop may be opened under any of its names. The page uses the name under which the desktop frames it.
  const hosts = namesOf(hostOrigin)
  const framedBy = webOrigin(request.headers.referer ?? '')
  const host = framedBy !== null && hosts.includes(framedBy) ? framedBy : hostOrigin
  const policy = { 'script-src': ["'self'", ...hosts], 'frame-ancestors': hosts, 'connect-src': ["'none'"] }
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy(policy),
    'referrer-policy': 'strict-origin-when-cross-origin',
  })
  response.end(`<!doctype html>${softphonePage(host)}`)
}

function softphonePage(host: string) {
  return html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Demo soft-phone</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/softphone.css">
</head>
<body>
<main>
<h1>Demo soft-phone</h1>
<p>This page stands for a vendor's: it comes from another origin and knows only the documented methods.</p>
<p class="buttons">
<button type="button" id="call" disabled>Incoming call</button>
<button type="button" id="hang-up" disabled>Caller hangs up</button>
</p>
<h2>What it was told</h2>
<ol id="log" role="log" aria-live="polite"></ol>
</main>
<script src="/softphone.js"></script>
<script src="${host}${LIBRARY_PATH}" data-cifid="CIFMainLibrary" data-crmurl="${host}"></script>
</body>
</html>`
}

/** All names of a loopback origin; any other origin has only its own name. */
function namesOf(origin: string): readonly string[] {
  const url = new URL(origin)
  const names = ['127.0.0.1', 'localhost', '[::1]']
  if (!names.includes(url.hostname)) return [origin]
  const port = url.port === '' ? '' : `:${url.port}`
  return names.map(name => `${url.protocol}//${name}${port}`)
}
