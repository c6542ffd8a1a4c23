// The commands `hold` and `release`: put the server on hold, list what is on hold, and release it or call it off.

import type { HeldView, HoldView, ReleaseRequest, ReleaseView } from '@standdown/wire/src/hold.ts'
import type { CliIo } from '../cli-io.ts'
import { type Command, type CommandInput, text } from '../command.ts'
import { EXIT, usage } from '../exit.ts'
import { when } from '../receipt-text.ts'
import { ServerClient } from '../server-client.ts'
import { json, oneLine, palette, widest } from '../terminal.ts'

const STATE_WORDS = { overdue: 'overdue', in_doubt: 'in doubt', later: 'later' } as const
/** How many actions a terminal shows. --json gives all of them, page by page. */
const SHOWN = 100

export const holdCommand: Command = {
  name: 'hold',
  summary: 'Put the server on hold: nothing is done before it is released.',
  usage: '[--reason TEXT] [--pause] | --list',
  options: {
    reason: { type: 'string', help: 'TEXT  why, for whoever releases it' },
    pause: { type: 'boolean', help: 'nothing was restored: what is due does not become doubtful' },
    list: { type: 'boolean', help: 'what is on hold (the same as release --list)' },
    json: { type: 'boolean', help: 'the list as JSON' },
  },
  words: [0, 0],
  notes: `For a database that was restored by other means than ./standdown restore, before the server's first start. It opens the database
itself (DATA_DIR or DATABASE_URL), also beside a running server: what runs is let end, and nothing else begins.`,
  async run(input) {
    if (input.flags.list === true) return await list(input, {})
    const reason = text(input, 'reason') ?? null
    const placed = await input.io.local.hold(input.io, { reason, pause: input.flags.pause === true })
    input.io.stdout(
      placed
        ? 'On hold: nothing is done before ./standdown release. See ./standdown hold --list\n'
        : 'It was on hold before, and stays so.\n',
    )
    return EXIT.ok
  },
}

export const releaseCommand: Command = {
  name: 'release',
  summary: 'Let what is on hold happen, or call it off.',
  usage: '--all | --kind KIND | --event ID … [--cancel], or --list',
  options: {
    list: { type: 'boolean', help: 'only say what is on hold' },
    all: { type: 'boolean', help: 'everything, and what is announced from now on' },
    kind: { type: 'string', help: 'KIND  of action, such as mail.send' },
    event: { type: 'string', help: 'ID  the actions of one event' },
    state: { type: 'string', help: 'STATE  overdue, in_doubt or later' },
    'due-from': { type: 'string', help: 'TIME  due then or after, such as 2026-11-27T08:00:00Z' },
    'due-before': { type: 'string', help: 'TIME  due before then' },
    cancel: { type: 'boolean', help: 'calls the events off instead, with receipts' },
    reason: { type: 'string', help: 'TEXT  why they are called off; passed on to people' },
    yes: { type: 'boolean', short: 'y', help: 'do not ask' },
    json: { type: 'boolean', help: 'as JSON' },
  },
  words: [0, 0],
  notes: `Examples:
  ./standdown release --list
  ./standdown release --kind mail.send --due-before 2026-11-27T08:00:00Z --cancel --reason "Sent before the restore"
  ./standdown release --all
What was running at the backup is not done again: released, it is dead and in doubt, and status --retry tries it by hand.`,
  async run(input) {
    const filter = filterOf(input)
    const { io, flags } = input
    if (flags.list === true) return await list(input, filter)
    const all = flags.all === true
    if (all === Object.keys(filter).length > 0) throw usage('Give --all, or what to release: one of the two.')
    const client = await ServerClient.find(io)
    const cancel = flags.cancel === true
    const reason = text(input, 'reason')
    if (flags.yes !== true && io.confirm) {
      const { counts } = await client.json<HoldView>(`/api/v1/hold${queryOf(filter)}`)
      const what = `${counted(counts.overdue + counts.later, 'action')} and ${counts.inDoubt} in doubt`
      if (!(await io.confirm(`${cancel ? 'Call off the events of' : 'Release'} ${what}?`))) {
        io.stderr('Nothing was changed.\n')
        return EXIT.failed
      }
    }
    const body = { ...(all ? { all } : filter), cancel, ...(reason === undefined ? {} : { reason }) } as const
    return report(io, flags.json === true, await releaseAllPages(client, body))
  },
}

function filterOf(input: CommandInput): ReleaseRequest {
  const names = {
    kind: 'kind',
    eventId: 'event',
    state: 'state',
    dueFrom: 'due-from',
    dueBefore: 'due-before',
  } as const
  return Object.fromEntries(
    Object.entries(names).flatMap(([name, option]) => {
      const value = text(input, option)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function queryOf(filter: ReleaseRequest): string {
  const query = new URLSearchParams(filter as { [name: string]: string }).toString()
  return query === '' ? '' : `?${query}`
}

async function list({ io, flags }: CommandInput, filter: ReleaseRequest): Promise<number> {
  const client = await ServerClient.find(io)
  const view = await client.json<HoldView>(`/api/v1/hold${queryOf(filter)}`)
  if (flags.json === true) {
    const value = [...view.value]
    for (let { after } = view; typeof after === 'string'; ) {
      const page = await client.json<HoldView>(
        `/api/v1/hold${queryOf({ ...filter, after, limit: '1000' } as ReleaseRequest)}`,
      )
      for (const item of page.value) value.push(item)
      after = page.after
    }
    io.stdout(json({ ...view, value, after: null }))
    return EXIT.ok
  }
  io.stdout(listText(view, io))
  return EXIT.ok
}

function listText(view: HoldView, io: CliIo): string {
  if (!view.onHold) return 'Nothing is on hold.\n'
  const paint = palette(io)
  const { overdue, inDoubt, later, running, waiting, stopping } = view.counts
  const backup = view.backupAt === null ? '' : `, from a backup of ${when(view.backupAt)}`
  const lines = [
    `On hold since ${when(view.since ?? '')}${backup} (${oneLine(view.by ?? '')}).`,
    ...(view.reason === null ? [] : [`“${oneLine(view.reason)}”`]),
    `${overdue} overdue, ${inDoubt} in doubt, ${later} later.`,
    ...(running + waiting + stopping === 0
      ? []
      : [
          `Not held back: ${running} running, ${waiting} waiting for an answer, ${stopping} being called off.`,
        ]),
  ]
  const width = widest(view.kinds.map(({ kind }) => kind))
  for (const { kind, ...of } of view.kinds)
    lines.push(
      `  ${oneLine(kind).padEnd(width)}  ${of.overdue} overdue, ${of.inDoubt} in doubt, ${of.later} later`,
    )
  const shown = view.value.slice(0, SHOWN)
  let event: string | null | undefined
  for (const item of shown) {
    const of = item.event?.id ?? item.receipt
    if (of !== event) lines.push('', paint.bold(headOf(item)))
    event = of
    const mark = item.doubt && item.state !== 'in_doubt' ? ', it may have happened' : ''
    lines.push(
      `  ${STATE_WORDS[item.state].padEnd(8)}  ${when(item.dueAt)}  ${oneLine(item.title)}${paint.dim(mark)}`,
    )
  }
  if (shown.length < view.value.length || view.after !== null) lines.push('', 'and more: --json lists all.')
  return `${lines.join('\n')}\n`
}

function headOf({ event, receipt }: HeldView): string {
  if (event === null) return `Notice of ${receipt}`
  return `${oneLine(event.title)}  ${event.id}${event.key === null ? '' : `  ${oneLine(event.key)}`}`
}

async function releaseAllPages(client: ServerClient, body: ReleaseRequest): Promise<ReleaseView> {
  const path = '/api/v1/hold/release'
  const total: { -readonly [name in keyof ReleaseView]: ReleaseView[name] } = await client.json<ReleaseView>(
    path,
    { body },
  )
  while (typeof total.after === 'string') {
    const page: ReleaseView = await client.json<ReleaseView>(path, { body: { ...body, after: total.after } })
    total.released = total.released === null ? null : total.released + (page.released ?? 0)
    total.receipts = [...total.receipts, ...page.receipts]
    total.notices += page.notices
    total.onHold = page.onHold
    total.after = page.onHold ? page.after : null
  }
  return total
}

function report(io: CliIo, asJson: boolean, done: ReleaseView): number {
  if (asJson) {
    io.stdout(json(done))
    return EXIT.ok
  }
  for (const { receipt, prevented, total } of done.receipts)
    io.stdout(`${receipt}  ${prevented} of ${counted(total, 'action')} prevented\n`)
  const parts = [
    ...(done.released === null ? ['Everything is released'] : []),
    ...(done.released ? [`${counted(done.released, 'action')} released`] : []),
    ...(done.receipts.length > 0 ? [`${counted(done.receipts.length, 'event')} called off`] : []),
    ...(done.notices > 0 ? [`${counted(done.notices, 'notice')} not sent`] : []),
  ]
  const left = done.onHold
    ? 'The rest stays on hold: ./standdown release --list'
    : 'Nothing is on hold any more.'
  io.stdout(`${parts.length === 0 ? 'Nothing matched' : parts.join(', ')}. ${left}\n`)
  return EXIT.ok
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
