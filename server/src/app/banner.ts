// What a start prints: at most twelve lines, each useful at once.

import type { Serving } from './serve.ts'
import { DEMO_TENANT } from './serve.ts'

/** A trigger of the demo workspace, and the example entity of Wix's documentation. */
const TRIGGER = 'my_trigger'
const ENTITY = '16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c'

export async function banner({ server, url, tlsUrl, demo }: Serving, mail: string): Promise<string> {
  const hold = await server.engine.hold('')
  const onHold =
    hold === null
      ? ''
      : `\n  ON HOLD since ${hold.since.toISOString()}: nothing is sent before ./standdown release   (--list: what waits)`
  const head = `Standdown runs at ${url}${tlsUrl === null ? '' : ` and ${tlsUrl}`}${onHold}`
  if (!demo) {
    return `${head}\n  Set it up:  ./standdown apply workspace.yaml   (examples/workspace.yaml is one)\n  Mail is ${mail}. ./standdown --help\n`
  }
  const { auth } = server
  const alice = await auth.person(DEMO_TENANT, 'alice@contoso.example')
  const link = await auth.sessions.makeLink(alice)
  // An API key: a tenth of the length of a token, and void at the next start.
  const token = await auth.mintApiKey(DEMO_TENANT, 'demo-app', 'banner')
  const call = (verb: string, body: string) =>
    `  curl ${url}/automations/v1/events/${verb} -H 'Content-Type: application/json' -H 'Authorization: ${token}' -d '${body}'`
  const target = `"triggerKey":"${TRIGGER}","externalEntityId":"${ENTITY}"`
  return [
    head,
    `  Start page, to sign in as Alice (once): ${url}${link}`,
    '  Demo people: alice (organizer), bob, carol (attendees), dana (agent), all @contoso.example',
    '  Announce something that can be called off:',
    call('report', `{${target}}`),
    '  Call it off:',
    call('cancel', `{${target}}`),
    `  Read what that did:  ./standdown receipt --trigger ${TRIGGER} --entity ${ENTITY}`,
    `  Mail is ${mail}: ./standdown mail, or ${url}/   Agent desktop (as dana): ${url}/agent`,
    '  A month in a minute: ./standdown demo   Everything else: ./standdown --help   Stop: Ctrl-C',
    '',
  ].join('\n')
}
