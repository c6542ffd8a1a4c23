// Finds the running server: by STANDDOWN_URL with STANDDOWN_TOKEN, or by the file that the server writes into DATA_DIR (mode 600,
// because it holds a token).

import { readFile } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import type { CliIo } from './cli-io.ts'
import { CommandEnd, EXIT } from './exit.ts'

export type RunningServer = {
  readonly url: string
  readonly tlsUrl: string | null
  /** An operator's token; null when STANDDOWN_URL was given without STANDDOWN_TOKEN. */
  readonly token: string | null
  readonly pid: number | null
}

export function dataDirectory(io: Pick<CliIo, 'env' | 'cwd'>): string {
  const given = io.env.DATA_DIR
  if (given === undefined || given === '') return join(io.cwd, 'data')
  return isAbsolute(given) ? given : resolve(io.cwd, given)
}

export async function findServer(io: Pick<CliIo, 'env' | 'cwd'>): Promise<RunningServer> {
  const { STANDDOWN_URL: url, STANDDOWN_TLS_URL: tlsUrl, STANDDOWN_TOKEN: token } = io.env
  if (url !== undefined && url !== '') {
    if (!URL.canParse(url)) throw new CommandEnd(EXIT.usage, `STANDDOWN_URL is not a URL: ${url}`)
    return { url: url.replace(/\/+$/, ''), tlsUrl: tlsUrl ?? null, token: token ?? null, pid: null }
  }
  const file = join(dataDirectory(io), 'server.json')
  let content: string
  try {
    content = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as { code?: string }).code === 'EACCES') {
      throw new CommandEnd(
        EXIT.unreachable,
        `${file} belongs to another user: run this as whoever runs the server, or set STANDDOWN_URL and STANDDOWN_TOKEN.`,
      )
    }
    throw notRunning(file)
  }
  const found = parse(content)
  if (!found) throw new CommandEnd(EXIT.unreachable, `${file} is damaged. Start the server again: npm start`)
  return found
}

function parse(content: string): RunningServer | null {
  try {
    const { url, tlsUrl, token, pid } = JSON.parse(content) as { [name: string]: unknown }
    if (typeof url !== 'string' || !URL.canParse(url)) return null
    return {
      url: url.replace(/\/+$/, ''),
      tlsUrl: typeof tlsUrl === 'string' ? tlsUrl : null,
      token: typeof token === 'string' ? token : null,
      pid: typeof pid === 'number' ? pid : null,
    }
  } catch {
    return null
  }
}

function notRunning(file: string): CommandEnd {
  return new CommandEnd(
    EXIT.unreachable,
    `No server is running here (there is no ${file}).
Start one with npm start. Or, if one runs elsewhere, set STANDDOWN_URL and STANDDOWN_TOKEN,
or DATA_DIR to the data directory that it uses.`,
  )
}
