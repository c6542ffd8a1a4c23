import type { EventListView } from '@standdown/wire/src/lists.ts'
import { type Command, text } from '../command.ts'
import { eventListText } from '../event-text.ts'
import { EXIT, usage } from '../exit.ts'
import { ServerClient } from '../server-client.ts'
import { json } from '../terminal.ts'

/** The options that are passed on, by their names in the API. */
const FILTERS: { readonly [option: string]: string } = {
  state: 'state',
  key: 'key',
  entity: 'entity',
  api: 'api',
  app: 'app',
  kind: 'kind',
  'due-after': 'dueAfter',
  'due-before': 'dueBefore',
  text: 'q',
  after: 'after',
  limit: 'limit',
}

export const eventsCommand: Command = {
  name: 'events',
  summary: 'List events: what is to come, what was called off, what is over.',
  usage: '[--state STATE] [--key KEY] [--api API] [--text TEXT] […]',
  options: {
    state: { type: 'string', help: 'STATE  announced (something is to come), cancelled or ended' },
    key: { type: 'string', help: 'KEY  what it is cancelled by; a trigger key with --api wix' },
    entity: { type: 'string', help: 'ENTITY  what it is about. Default with --key: the key itself' },
    api: { type: 'string', help: 'API  graph, wix, cif or native' },
    app: { type: 'string', help: 'NAME  the app that announced it, by name or client id' },
    kind: { type: 'string', help: 'KIND  e.g. calendar.meeting' },
    'due-after': { type: 'string', help: 'TIME  something falls due then or later: 2026-05-01T09:00:00Z' },
    'due-before': { type: 'string', help: 'TIME  something falls due before' },
    text: { type: 'string', help: 'TEXT  in the title or in the data' },
    count: { type: 'boolean', help: 'also say how many there are, exact up to 10,000' },
    limit: { type: 'string', help: 'N  at most so many, 1 to 200. Default 50' },
    after: { type: 'string', help: 'PAGE  the next page, as the one before named it' },
    json: { type: 'boolean', help: 'as JSON' },
  },
  words: [0, 0],
  notes:
    'The newest stands first; with a time, what falls due first. ./standdown event ID shows one of them.',
  async run(input) {
    const { io, flags } = input
    const query = new URLSearchParams(flags.count === true ? { count: 'true' } : {})
    for (const [option, name] of Object.entries(FILTERS)) {
      const value = text(input, option)
      if (value === '') throw usage(`--${option} needs a value.`)
      if (value !== undefined) query.set(name, value)
    }
    const client = await ServerClient.find(io)
    const list = await client.json<EventListView>(`/api/v1/events?${query}`)
    io.stdout(flags.json === true ? json(list) : eventListText(list, io))
    return EXIT.ok
  },
}
