import type { Command } from '../command.ts'
import { EXIT, usage } from '../exit.ts'
import { ServerClient } from '../server-client.ts'

export const keysCommand: Command = {
  name: 'keys',
  summary: 'Make the keys anew that sign tokens.',
  usage: 'rotate [--now]',
  options: { now: { type: 'boolean', help: 'every token that was signed before is void at once' } },
  words: [1, 1],
  notes: `Without --now the old keys verify for 30 days more, and nobody notices. With it, as after a leak, everybody has to ask for a
new token: apps with their secret, people by signing in to their apps again; browsers stay signed in here. Other processes of the
installation see it within 5 seconds. For the server's own token: run it where the server runs.`,
  async run({ io, words, flags }) {
    if (words[0] !== 'rotate') throw usage(`Usage: ./standdown ${keysCommand.name} ${keysCommand.usage}`)
    const client = await ServerClient.find(io)
    await client.json('/api/v1/keys/rotate', { body: { now: flags.now === true } })
    io.stderr(flags.now === true ? 'Rotated. Every token of before is void.\n' : 'Rotated.\n')
    return EXIT.ok
  },
}
