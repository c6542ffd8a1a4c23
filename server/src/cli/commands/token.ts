import type { TokenRequest, TokenView } from '@standdown/wire/src/credentials.ts'
import { type Command, text } from '../command.ts'
import { EXIT, usage } from '../exit.ts'
import { ServerClient } from '../server-client.ts'

export const tokenCommand: Command = {
  name: 'token',
  summary: 'Print a bearer token, alone, for a person or an app.',
  usage: '--user ADDRESS [--scope "SCOPE …"] | --app NAME [--site SITE]',
  options: {
    user: { type: 'string', short: 'u', help: 'ADDRESS  a person, e.g. alice@contoso.example' },
    app: { type: 'string', short: 'a', help: 'NAME  an app, by name or client id' },
    site: {
      type: 'string',
      help: 'SITE  which of the sites of the app, by name or id, where it has several',
    },
    scope: { type: 'string', help: 'SCOPES  separated by spaces; default: all that it may have' },
    tenant: { type: 'string', help: 'TENANT  where there are several' },
  },
  words: [0, 0],
  notes: 'Example: TOKEN=$(./standdown token --user alice@contoso.example --scope Calendars.ReadWrite)',
  async run(input) {
    const user = text(input, 'user')
    const app = text(input, 'app')
    const site = text(input, 'site')
    const scope = text(input, 'scope')
    const tenant = text(input, 'tenant')
    if ((user === undefined) === (app === undefined)) throw usage('Give --user or --app: one of the two.')
    if (site !== undefined && app === undefined) throw usage('--site goes with --app.')
    const body: TokenRequest = {
      ...(user === undefined ? { app: app!, ...(site === undefined ? {} : { site }) } : { user }),
      ...(scope === undefined ? {} : { scope }),
      ...(tenant === undefined ? {} : { tenant }),
    }
    const client = await ServerClient.find(input.io)
    const { token } = await client.json<TokenView>('/api/v1/tokens', { body })
    input.io.stdout(`${token}\n`)
    return EXIT.ok
  },
}
