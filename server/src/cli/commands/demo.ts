// A month in a minute: announces one thing through each API, moves the sandbox clock by four weeks, cancels everything and prints the
// receipts.

import type { MailSummary, StatusView } from '@standdown/wire/src/operations.ts'
import type { ReceiptView } from '@standdown/wire/src/receipt.ts'
import type { CliIo } from '../cli-io.ts'
import type { Command } from '../command.ts'
import { type Announced, announceAll } from '../demo-announcements.ts'
import { CommandEnd, EXIT } from '../exit.ts'
import { receiptText, when } from '../receipt-text.ts'
import { ServerClient } from '../server-client.ts'
import { json, palette, REWRITE_LINE } from '../terminal.ts'
import { advanceClock } from './clock.ts'

const WEEKS = 4

export const demoCommand: Command = {
  name: 'demo',
  summary: 'A month in a minute: announce through every API, let time pass, cancel, read the receipts.',
  usage: '',
  options: { json: { type: 'boolean', help: 'the receipts as JSON, nothing else' } },
  words: [0, 0],
  notes: 'It needs the demo workspace, and moves its clock four weeks ahead. It may be run again.',
  async run({ io, flags }) {
    const client = await ServerClient.find(io)
    const say = flags.json === true ? () => {} : io.stdout
    await refuseElsewhere(client)
    const paint = palette(io)

    say(`${paint.bold('Announce')}\n`)
    const announced = await announceAll(client, what => say(`  ${what}\n`))

    say(`\n${paint.bold(`Let ${WEEKS} weeks pass`)} (the sandbox clock)\n`)
    let invoice: Announced | undefined
    for (let week = 1; week <= WEEKS; week++) {
      if (week === WEEKS - 1) invoice = await announced.reportInvoice(what => say(`  ${what}\n`))
      await passWeek(client, io, say)
    }
    const offer = await announced.raiseOffer(what => say(`\n  ${what}\n`))

    say(`\n${paint.bold('Cancel, and read what that did')}\n`)
    const receipts = await cancelAll(client, [...announced.all, ...(invoice ? [invoice] : []), offer])
    if (flags.json === true) io.stdout(json(receipts))
    for (const receipt of receipts) say(receiptText(receipt, io))
    say(`Each of them is a page too: ${client.server.url}${receipts[0]?.link ?? '/'}\n`)
    return EXIT.ok
  },
}

async function refuseElsewhere(client: ServerClient): Promise<void> {
  const { demo, sandbox } = await client.json<StatusView>('/api/v1/status')
  if (demo && sandbox) return
  throw new CommandEnd(
    EXIT.failed,
    'This workspace is not the demo: the demo command announces things and moves the clock, so it runs there only.',
  )
}

async function passWeek(client: ServerClient, io: CliIo, say: (text: string) => void): Promise<void> {
  const before = await mails(client)
  let steps = 0
  const { now } = await advanceClock(client, '1w', at => {
    steps += 1
    if (io.isTerminal) io.stderr(`${REWRITE_LINE}  ${when(at)} `)
  })
  if (io.isTerminal) io.stderr(REWRITE_LINE)
  const sent = (await mails(client)).filter(mail => !before.some(old => old.id === mail.id))
  // The list has the newest first, but the oldest is printed first.
  const subjects = sent.toReversed().map(mail => `${mail.to[0]}: ${mail.subject}`)
  const shown =
    subjects.slice(0, 3).join('; ') + (subjects.length > 3 ? `; and ${subjects.length - 3} more` : '')
  say(`  ${when(now)}  ${steps} ${steps === 1 ? 'step' : 'steps'}${shown === '' ? '' : `  ${shown}`}\n`)
}

async function mails(client: ServerClient): Promise<readonly MailSummary[]> {
  return (await client.json<{ value: readonly MailSummary[] }>('/api/v1/mail')).value
}

async function cancelAll(
  client: ServerClient,
  announced: readonly Announced[],
): Promise<readonly ReceiptView[]> {
  const links: string[] = []
  for (const { title, cancel } of announced) {
    const answer = await client.call(cancel.path, cancel.call)
    const link = answer.headers.get('standdown-receipt')
    if (link === null)
      throw new CommandEnd(EXIT.failed, `${title}: the cancel was answered ${answer.status} ${answer.body}`)
    links.push(link)
  }
  return Promise.all(links.map(link => client.json<ReceiptView>(`${link}?wait=35`)))
}
