import { type Command, text } from '../command.ts'
import { EXIT, usage } from '../exit.ts'
import { ServerClient } from '../server-client.ts'

export const revokeCommand: Command = {
  name: 'revoke',
  summary: "Make tokens void, at once: a person's, an app's, or those of operators.",
  usage: '--user ADDRESS | --app NAME | --operators',
  options: {
    user: { type: 'string', short: 'u', help: 'ADDRESS  a person: tokens, and every browser is signed out' },
    app: {
      type: 'string',
      short: 'a',
      help: 'NAME  an app: its tokens, those of people in it, and its API keys',
    },
    operators: { type: 'boolean', help: "operators' tokens, also the one that this command line uses" },
    tenant: { type: 'string', help: 'TENANT  where there are several; --operators without it: of all' },
  },
  words: [0, 0],
  notes: `Other processes of the installation see it within 5 seconds. An app keeps its secret, and asks for new tokens with it;
./standdown app NAME --renew takes that away too. ./standdown keys rotate --now makes every token there is void.`,
  async run(input) {
    const user = text(input, 'user')
    const app = text(input, 'app')
    const operators = input.flags.operators === true
    if ([user !== undefined, app !== undefined, operators].filter(Boolean).length !== 1)
      throw usage('Give one of --user, --app and --operators.')
    const tenant = text(input, 'tenant')
    const path =
      user !== undefined
        ? `/api/v1/users/${encodeURIComponent(user)}/revoke-tokens`
        : app !== undefined
          ? `/api/v1/apps/${encodeURIComponent(app)}/revoke-tokens`
          : '/api/v1/operators/revoke-tokens'
    const client = await ServerClient.find(input.io)
    const query = tenant === undefined ? '' : `?tenant=${encodeURIComponent(tenant)}`
    await client.json(`${path}${query}`, { method: 'POST' })
    input.io.stderr('Revoked.\n')
    return EXIT.ok
  },
}
