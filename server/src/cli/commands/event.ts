import type { EventView } from '@standdown/wire/src/event.ts'
import type { Command } from '../command.ts'
import { eventText } from '../event-text.ts'
import { EXIT } from '../exit.ts'
import { ServerClient } from '../server-client.ts'
import { json } from '../terminal.ts'

export const eventCommand: Command = {
  name: 'event',
  summary: 'Show an event: its data, its actions, what is due next, what was skipped and why.',
  usage: 'EVENT_ID',
  options: { json: { type: 'boolean', help: 'as JSON' } },
  words: [1, 1],
  async run({ io, words, flags }) {
    const client = await ServerClient.find(io)
    const event = await client.json<EventView>(`/api/v1/events/${encodeURIComponent(words[0] as string)}`)
    io.stdout(flags.json === true ? json(event) : eventText(event, io))
    return EXIT.ok
  },
}
