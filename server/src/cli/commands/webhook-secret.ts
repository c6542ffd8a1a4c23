import type {
  RotateRequest,
  WebhookSecretSummary,
  WebhookSecretView,
} from '@standdown/wire/src/webhook-secrets.ts'
import type { CliIo } from '../cli-io.ts'
import { type Command, text } from '../command.ts'
import { EXIT, usage } from '../exit.ts'
import { when } from '../receipt-text.ts'
import { ServerClient } from '../server-client.ts'
import { json, pad, plain, widest } from '../terminal.ts'

export const webhookSecretCommand: Command = {
  name: 'webhook-secret',
  summary: 'List, show and change the secrets by which receivers verify webhooks.',
  usage: '[list | show RECEIVER | rotate RECEIVER [--overlap TIME]]',
  options: {
    overlap: { type: 'string', help: 'TIME  how long the old one signs too: 24h (default), 7d, 0s' },
    json: { type: 'boolean', help: 'as JSON' },
  },
  words: [0, 2],
  notes: `RECEIVER: an address of it (https://hooks.example/a), or the name that the workspace file gives its secret.
show makes the secret when there is none yet, so that a receiver can be set up before its first call.
It prints the secret alone on standard output, and rotate the new one:
  WEBHOOK_SECRET=$(./standdown webhook-secret show https://hooks.example)`,
  async run(input) {
    const { io, words, flags } = input
    const [verb = 'list', receiver] = words
    const overlap = text(input, 'overlap')
    if (
      verb === 'list' ? receiver !== undefined : receiver === undefined || !['show', 'rotate'].includes(verb)
    )
      throw usage(`Usage: ./standdown ${webhookSecretCommand.name} ${webhookSecretCommand.usage}`)
    if (overlap !== undefined && verb !== 'rotate') throw usage('--overlap belongs to rotate.')
    const client = await ServerClient.find(io)
    const asJson = flags.json === true
    if (verb === 'list') {
      const { value } = await client.json<{ value: readonly WebhookSecretSummary[] }>(
        '/api/v1/webhook-secrets',
      )
      io.stdout(asJson ? json(value) : list(value))
      return EXIT.ok
    }
    const path = `/api/v1/webhook-secrets/${encodeURIComponent(receiver!)}`
    const body: RotateRequest = overlap === undefined ? {} : { overlap }
    const view =
      verb === 'show'
        ? await client.json<WebhookSecretView>(path, { method: 'PUT' })
        : await client.json<WebhookSecretView>(`${path}/rotate`, { body })
    if (asJson) io.stdout(json(view))
    else print(io, view)
    return EXIT.ok
  },
}

/** Standard output has only the newest secret, for scripts. The others that still sign are shown to people. */
function print(io: CliIo, { secrets: [newest, ...older] }: WebhookSecretView): void {
  io.stdout(`${newest?.secret ?? ''}\n`)
  for (const { expiresAt } of older)
    if (expiresAt !== null) io.stderr(`The one before it signs too, until ${when(expiresAt)}.\n`)
}

function list(secrets: readonly WebhookSecretSummary[]): string {
  if (secrets.length === 0) return 'No webhook has been signed yet.\n'
  const width = widest(secrets.map(({ ref }) => plain(ref)))
  const rows = secrets.map(({ ref, createdAt, signing }) => {
    const beside =
      signing > 1 ? `, and ${signing - 1} before it that ${signing > 2 ? 'sign' : 'signs'} too` : ''
    return `${pad(plain(ref), width)}  since ${when(createdAt)}${beside}`
  })
  return `${rows.join('\n')}\n`
}
