// Scripts and styles for browsers, read from client/ once. There is no build: the types are stripped from the TypeScript files.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyReply, FastifyRequest } from 'fastify'

export type BrowserFile = { readonly type: string; readonly text: string; readonly etag: string }

const CLIENT = new URL('../../../../client/', import.meta.url)
const SCRIPT = 'text/javascript; charset=utf-8'
const STYLE = 'text/css; charset=utf-8'

// These files, in this order, are one script with a scope of its own. A provider's page loads it as a classic script.
const LIBRARY = [
  'library/result.ts',
  'library/object-of.ts',
  'library/template-parameters.ts',
  'library/host-link.ts',
  'library/handlers.ts',
  'library/framework.ts',
  'library/start.ts',
]

const DESKTOP = [
  'desktop.ts',
  'desktop-api.ts',
  'screen.ts',
  'screen-stream.ts',
  'pending-offers.ts',
  'presence.ts',
  'channels.ts',
  'channel-methods.ts',
]

/** The script that puts Microsoft.CIFramework on a provider's page. */
export function libraryFile(): BrowserFile {
  return file(
    SCRIPT,
    `(() => {\n'use strict'\n${LIBRARY.map(name => `// ${basename(name)}\n${withoutLinks(readScript(name))}`).join('\n')}\n})()\n`,
  )
}

/** The agent desktop's files, by name. */
export function desktopFiles(): ReadonlyMap<string, BrowserFile> {
  return new Map([
    ['agent.css', file(STYLE, readFileSync(path('agent/agent.css'), 'utf8'))],
    ...DESKTOP.map(name => [name, file(SCRIPT, readScript(`agent/${name}`))] as const),
  ])
}

/** Sends a file, or 304 if the browser has it. Browsers check at every load, so that no old script runs after an update. */
export function sendFile(request: FastifyRequest, reply: FastifyReply, what: BrowserFile): FastifyReply {
  reply.header('etag', what.etag).header('cache-control', 'no-cache').type(what.type)
  return request.headers['if-none-match'] === what.etag ? reply.code(304).send() : reply.send(what.text)
}

function readScript(name: string): string {
  return stripTypeScriptTypes(readFileSync(path(name), 'utf8'))
}

/** Removes imports and exports: our modules are put one behind the other in one scope, so they need neither. */
function withoutLinks(script: string): string {
  return script.replace(/^import\b[^']*'\.\/[\w-]+\.ts'$/gm, '').replace(/^export (?=[a-z])/gm, '')
}

function path(name: string): string {
  return fileURLToPath(new URL(name, CLIENT))
}

function file(type: string, text: string): BrowserFile {
  return { type, text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"` }
}
