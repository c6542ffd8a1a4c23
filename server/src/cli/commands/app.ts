import { type Command, text } from '../command.ts'
import { EXIT } from '../exit.ts'
import { ServerClient } from '../server-client.ts'
import { json } from '../terminal.ts'

export const appCommand: Command = {
  name: 'app',
  summary: "Print an app's id, secret and site instance id, as JSON.",
  usage: 'NAME [--renew]',
  options: {
    renew: { type: 'boolean', help: 'a new secret; the old one, every token and every API key are void' },
    tenant: { type: 'string', help: 'TENANT  where there are several' },
  },
  words: [1, 1],
  notes: `Apps are declared in the workspace file. The secret is shown here and nowhere else.
To make its tokens void and leave the secret: ./standdown revoke --app NAME`,
  async run(input) {
    const tenant = text(input, 'tenant')
    const query = tenant === undefined ? '' : `?tenant=${encodeURIComponent(tenant)}`
    const client = await ServerClient.find(input.io)
    const path = `/api/v1/apps/${encodeURIComponent(input.words[0]!)}`
    const app =
      input.flags.renew === true
        ? await client.json<object>(`${path}/renew${query}`, { method: 'POST' })
        : await client.json<object>(`${path}${query}`)
    input.io.stdout(json(app))
    return EXIT.ok
  },
}
