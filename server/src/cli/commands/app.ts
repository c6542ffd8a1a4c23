import { type Command, text } from '../command.ts'
import { EXIT } from '../exit.ts'
import { ServerClient } from '../server-client.ts'

export const appCommand: Command = {
  name: 'app',
  summary: "Print an app's id, secret and site instance id, as JSON.",
  usage: 'NAME',
  options: { tenant: { type: 'string', help: 'TENANT  where there are several' } },
  words: [1, 1],
  notes: 'Apps are declared in the workspace file. The secret is shown here and nowhere else.',
  async run(input) {
    const tenant = text(input, 'tenant')
    const query = tenant === undefined ? '' : `?tenant=${encodeURIComponent(tenant)}`
    const client = await ServerClient.find(input.io)
    const app = await client.json<object>(`/api/v1/apps/${encodeURIComponent(input.words[0]!)}${query}`)
    input.io.stdout(`${JSON.stringify(app, null, 2)}\n`)
    return EXIT.ok
  },
}
