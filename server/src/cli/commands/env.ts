import type { Command } from '../command.ts'
import { EXIT } from '../exit.ts'
import { ServerClient } from '../server-client.ts'

export const envCommand: Command = {
  name: 'env',
  summary: 'Print export lines for a shell: where the server is, and a token for it.',
  usage: '',
  options: {},
  words: [0, 0],
  notes: 'Use it as: eval "$(./standdown env)"',
  async run({ io }) {
    const { server } = await ServerClient.find(io)
    const values: { readonly [name: string]: string | null } = {
      STANDDOWN_URL: server.url,
      STANDDOWN_TLS_URL: server.tlsUrl,
      STANDDOWN_TOKEN: server.token,
    }
    for (const [name, value] of Object.entries(values)) {
      if (value !== null) io.stdout(`export ${name}=${quoted(value)}\n`)
    }
    return EXIT.ok
  },
}

/** Quotes a text for a POSIX shell. In single quotes only the quote itself is special. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`
}
