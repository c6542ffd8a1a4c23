import type { RetrySomeRequest, RetrySomeView } from '@standdown/wire/src/dead-effects.ts'
import { durationMs } from '@standdown/wire/src/duration.ts'
import type { ClockView } from '@standdown/wire/src/operations.ts'
import { type Command, type CommandInput, text } from '../command.ts'
import { EXIT, usage } from '../exit.ts'
import { ServerClient } from '../server-client.ts'

export const retryCommand: Command = {
  name: 'retry',
  summary: 'Try dead actions again: one, those of a receiver, or all.',
  usage: 'EFFECT_ID | --all | [--kind KIND] [--receiver HOST] [--event ID] [--since TIME] [--error TEXT]',
  options: {
    all: { type: 'boolean', help: 'every dead action of the tenant' },
    kind: { type: 'string', help: 'KIND  webhook, mail, or a kind as it is shown' },
    receiver: {
      type: 'string',
      help: "HOST  a webhook's host or host:port; a mail's address or its domain",
    },
    event: { type: 'string', help: 'ID  those of one event' },
    since: { type: 'string', help: 'TIME  what died no longer ago than this: 90m, 2d' },
    error: { type: 'string', help: 'TEXT  how its error begins' },
    json: { type: 'boolean', help: 'as JSON' },
  },
  words: [0, 1],
  notes: `Each begins its retry plan anew. What belongs to an event that was called off stays as it is.
Exit code 1 when nothing was tried again.

Examples:
  ./standdown retry 019a9f1c-77a2-8b3c-9d10-2f6e5a7c1b2d
  ./standdown retry --receiver hooks.contoso.example --since 2d`,
  async run(input) {
    const { io, flags } = input
    const [effectId] = input.words
    const filter = filterOf(input)
    const isFiltered = Object.keys(filter).length > 0 || text(input, 'since') !== undefined
    if ([effectId !== undefined, flags.all === true, isFiltered].filter(Boolean).length !== 1)
      throw usage('Give the id of an action, or say which ones (--receiver …), or --all: one of the three.')
    const sinceMs = sinceOf(input)
    const client = await ServerClient.find(io)
    if (effectId !== undefined) {
      await client.json(`/api/v1/effects/${encodeURIComponent(effectId)}/retry`, { method: 'POST' })
      io.stdout(flags.json === true ? '{"retried":1}\n' : `${effectId} will be tried again.\n`)
      return EXIT.ok
    }
    const body = sinceMs === null ? filter : { ...filter, diedAfter: await tenantTime(client, sinceMs) }
    const done = await retryAll(client, body, so => {
      if (io.isTerminal && so.remaining > 0) io.stderr(`\r${so.retried} tried again, ${so.remaining} to go `)
    })
    if (io.isTerminal && done.batches > 1) io.stderr('\n')
    const { batches: _, ...counts } = done
    io.stdout(flags.json === true ? `${JSON.stringify(counts)}\n` : `${sentence(counts)}\n`)
    return counts.retried > 0 ? EXIT.ok : EXIT.failed
  },
}

type Counts = Pick<RetrySomeView, 'retried' | 'calledOff' | 'busy'>

/** Retries batch by batch, until there are no more. */
async function retryAll(
  client: ServerClient,
  filter: RetrySomeRequest,
  progress: (so: Counts & { readonly remaining: number }) => void,
): Promise<Counts & { readonly batches: number }> {
  const counts = { retried: 0, calledOff: 0, busy: 0 }
  let after: string | null = null
  for (let batches = 1; ; batches++) {
    const batch: RetrySomeView = await client.json<RetrySomeView>('/api/v1/effects/retry', {
      body: after === null ? filter : { ...filter, after },
    })
    counts.retried += batch.retried
    counts.calledOff += batch.calledOff
    counts.busy += batch.busy
    progress({ ...counts, remaining: batch.remaining })
    if (typeof batch.after !== 'string') return { ...counts, batches }
    after = batch.after
  }
}

function sentence({ retried, calledOff, busy }: Counts): string {
  if (retried + calledOff + busy === 0) return 'No dead action matches: nothing is tried again.'
  const actions = (count: number) => (count === 1 ? '1 action' : `${count} actions`)
  return [
    `${actions(retried)} will be tried again.`,
    ...(calledOff > 0 ? [`${actions(calledOff)} of events that were called off: left as they are.`] : []),
    ...(busy > 0 ? [`${actions(busy)} could not be reached just now: run this again.`] : []),
  ].join(' ')
}

function filterOf(input: CommandInput): RetrySomeRequest {
  const kind = text(input, 'kind')
  const receiver = text(input, 'receiver')
  const eventId = text(input, 'event')
  const error = text(input, 'error')
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(receiver === undefined ? {} : { receiver }),
    ...(eventId === undefined ? {} : { eventId }),
    ...(error === undefined ? {} : { error }),
  }
}

function sinceOf(input: CommandInput): number | null {
  const since = text(input, 'since')
  if (since === undefined) return null
  const ms = durationMs(since)
  if (ms === null) throw usage(`--since ${since} is not a time such as 90m or 2d.`)
  return ms
}

/** The instant so long ago, on the tenant's clock. */
async function tenantTime(client: ServerClient, agoMs: number): Promise<string> {
  const { now } = await client.json<ClockView>('/api/v1/sandbox/clock')
  return new Date(Date.parse(now) - agoMs).toISOString()
}
