import type { DeadEffectView, StatusView } from '@standdown/wire/src/operations.ts'
import { type Command, text } from '../command.ts'
import { EXIT } from '../exit.ts'
import { when } from '../receipt-text.ts'
import { ServerClient } from '../server-client.ts'
import { line, palette } from '../terminal.ts'

export const statusCommand: Command = {
  name: 'status',
  summary: 'Say what runs, and which actions failed for good.',
  usage: '[--retry EFFECT_ID]',
  options: {
    retry: { type: 'string', help: 'EFFECT_ID  try a dead action again' },
    json: { type: 'boolean', help: 'as JSON' },
  },
  words: [0, 0],
  async run(input) {
    const { io, flags } = input
    const client = await ServerClient.find(io)
    const retry = text(input, 'retry')
    if (retry !== undefined) {
      await client.json(`/api/v1/effects/${encodeURIComponent(retry)}/retry`, { method: 'POST' })
      io.stdout(`${retry} will be tried again.\n`)
      return EXIT.ok
    }
    const status = await client.json<StatusView>('/api/v1/status')
    const dead = status.tenant === '' ? [] : await deadEffects(client)
    if (flags.json === true) {
      io.stdout(`${JSON.stringify({ ...status, dead }, null, 2)}\n`)
      return EXIT.ok
    }
    const rows = {
      Running: `Standdown ${status.version} at ${status.publicUrl}${status.tlsUrl === null ? '' : ` and ${status.tlsUrl}`}`,
      Tenant:
        status.tenant === ''
          ? 'none chosen: set STANDDOWN_TENANT, or apply a workspace file'
          : `${status.tenant}${status.sandbox ? ' (sandbox)' : ''}${status.demo ? ', the demo' : ''}`,
      Time: when(status.now),
      'On hold':
        status.onHoldSince === null
          ? 'no'
          : `since ${when(status.onHoldSince)}: nothing is sent before ./standdown release`,
      Database: status.database ?? '',
      Mail: status.mail ?? '',
      You: `${status.you.name} (${status.you.roles.join(', ')})`,
      Dead: dead.length === 0 ? 'nothing' : `${dead.length} failed for good; try one again with --retry ID`,
    }
    const paint = palette(io)
    for (const [name, value] of Object.entries(rows))
      io.stdout(`${paint.dim(name.padEnd(10))} ${line(value)}\n`)
    for (const effect of dead) {
      io.stdout(`  ${effect.id}  ${line(effect.title)}  ${paint.dim(line(effect.error ?? ''))}\n`)
    }
    return EXIT.ok
  },
}

async function deadEffects(client: ServerClient): Promise<readonly DeadEffectView[]> {
  return (await client.json<{ value: readonly DeadEffectView[] }>('/api/v1/effects?state=dead')).value
}
