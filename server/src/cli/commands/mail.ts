import type { MailSummary, MailView } from '@standdown/wire/src/operations.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit.ts'
import { when } from '../receipt-text.ts'
import { ServerClient } from '../server-client.ts'
import { json, oneLine, palette, plain } from '../terminal.ts'

export const mailCommand: Command = {
  name: 'mail',
  summary: 'Show the mail that was kept instead of sent (no SMTP_URL).',
  usage: '[MAIL_ID] [--raw]',
  options: {
    raw: { type: 'boolean', help: 'the message as it would have been sent' },
    json: { type: 'boolean', help: 'as JSON' },
  },
  words: [0, 1],
  notes: 'MAIL_ID: last for the latest.',
  async run({ io, words, flags }) {
    const client = await ServerClient.find(io)
    const [wanted] = words
    if (wanted === undefined) {
      const { value } = await client.json<{ value: readonly MailSummary[] }>('/api/v1/mail')
      io.stdout(flags.json === true ? json(value) : list(value))
      return EXIT.ok
    }
    const id = wanted === 'last' ? await latest(client) : wanted
    const mail = await client.json<MailView>(`/api/v1/mail/${encodeURIComponent(id)}`)
    if (flags.json === true) io.stdout(json(mail))
    else if (flags.raw === true) (io.exact ?? io.stdout)(mail.raw)
    else {
      const paint = palette(io)
      const { from, to, subject, at } = mail
      for (const [name, value] of Object.entries({
        From: from,
        To: to.join(', '),
        Subject: subject,
        Kept: when(at),
      })) {
        io.stdout(`${paint.dim(`${name}:`.padEnd(9))}${oneLine(value)}\n`)
      }
      io.stdout(`\n${plain(mail.text ?? '(no plain text)').trimEnd()}\n`)
    }
    return EXIT.ok
  },
}

function list(mails: readonly MailSummary[]): string {
  if (mails.length === 0) return 'No mail was kept.\n'
  const rows = mails.map(
    mail => `${when(mail.at)}  ${oneLine(mail.to.join(', '))}  ${oneLine(mail.subject)}  ${mail.id}`,
  )
  return `${rows.join('\n')}\n`
}

async function latest(client: ServerClient): Promise<string> {
  const { value } = await client.json<{ value: readonly MailSummary[] }>('/api/v1/mail')
  return value[0]?.id ?? 'last'
}
