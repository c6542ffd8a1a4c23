import type { ActionCounts, EffectListView, ListedEffectView } from '@standdown/wire/src/lists.ts'
import type { FailingReceiverView, StatusView } from '@standdown/wire/src/operations.ts'
import { type Command, text } from '../command.ts'
import { countText } from '../event-text.ts'
import { EXIT } from '../exit.ts'
import { when } from '../receipt-text.ts'
import { ServerClient } from '../server-client.ts'
import { json, oneLine, palette } from '../terminal.ts'

/** So many kinds and receivers the server names. More may be failing. */
const MAX_FAILING = 10

export const statusCommand: Command = {
  name: 'status',
  summary: 'Say what runs, what is pending, failing or late, and which actions failed for good.',
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
    const dead =
      status.actions === undefined || status.actions.dead.count === 0 ? [] : await deadEffects(client)
    if (flags.json === true) {
      io.stdout(json({ ...status, dead }))
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
      ...(status.actions ? actionRows(status.actions, status.now) : {}),
      ...(status.failing ? { Receivers: receiversText(status.failing) } : {}),
    }
    const paint = palette(io)
    for (const [name, value] of Object.entries(rows))
      io.stdout(`${paint.dim(name.padEnd(11))} ${oneLine(value)}\n`)
    for (const { kind, receiver, since, failures, error } of status.failing ?? []) {
      const what = kind === 'mail' ? 'mail server' : 'webhooks to'
      io.stdout(
        `  ${what} ${oneLine(receiver)}, since ${when(since)}, ${failures} times: ${oneLine(error)}\n`,
      )
    }
    for (const failing of status.actions?.failing ?? []) {
      const { kind, receiver, count, attempts, nextAt, error } = failing
      const what = `${count} × ${kind}${receiver === null ? '' : ` to ${receiver}`}`
      const tried = `up to attempt ${attempts}, next ${when(nextAt)}`
      io.stdout(`  failing  ${oneLine(what)}  ${paint.dim(`${tried}: ${oneLine(error ?? '')}`)}\n`)
    }
    for (const effect of dead) {
      io.stdout(`  ${effect.id}  ${oneLine(effect.title)}  ${paint.dim(oneLine(effect.error ?? ''))}\n`)
    }
    return EXIT.ok
  },
}

function receiversText(failing: readonly FailingReceiverView[]): string {
  return failing.length === 0
    ? 'none fails'
    : `${failing.length === 1 ? 'one has' : `${failing.length} have`} not worked for five minutes or more`
}

/** How many dead actions are shown, the latest ones. */
async function deadEffects(client: ServerClient): Promise<readonly ListedEffectView[]> {
  return (await client.json<EffectListView>('/api/v1/effects?state=dead&limit=200')).value
}

function actionRows(actions: ActionCounts, now: string): { readonly [name: string]: string } {
  const { pending, due, running, waiting, dead, oldestDue } = actions
  const failing = actions.failing.reduce((sum, { count }) => sum + count, 0)
  return {
    Pending: `${countText(pending)}${pending.count > 0 ? `, ${countText(due)} due now` : ''}`,
    ...(oldestDue === null ? {} : { 'Oldest due': `${when(oldestDue)}${lateness(oldestDue, now)}` }),
    'In progress': `${countText(running)} running, ${countText(waiting)} waiting for an answer`,
    Failing:
      failing === 0
        ? 'nothing'
        : `${failing}${actions.failing.length < MAX_FAILING ? '' : ' or more'} failed and will be tried again`,
    Dead:
      dead.count === 0 ? 'nothing' : `${countText(dead)} failed for good; try again with ./standdown retry`,
  }
}

function lateness(due: string, now: string): string {
  const seconds = Math.floor((Date.parse(now) - Date.parse(due)) / 1000)
  if (seconds < 1) return ''
  if (seconds < 120) return `, ${seconds} s late`
  return seconds < 7200 ? `, ${Math.floor(seconds / 60)} min late` : `, ${Math.floor(seconds / 3600)} h late`
}
