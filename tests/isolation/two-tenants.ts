// The demo's tenant with something of everything in it, each bearing a word that no answer to a stranger may hold; and the
// stranger's tenant, where names are the same on purpose.

import assert from 'node:assert/strict'
import type { TestServer } from '../support/server.ts'

export const SECRET_WORD = 'Zebra'

/** Of the first tenant, by what they name in foreign-requests.ts. */
export type Names = Readonly<
  Record<
    | 'tenant'
    | 'user'
    | 'group'
    | 'app'
    | 'event'
    | 'effect'
    | 'cancelled'
    | 'receipt'
    | 'key'
    | 'correlation'
    | 'meeting'
    | 'message'
    | 'calendar'
    | 'mail'
    | 'offer'
    | 'token'
    | 'entity',
    string
  >
>

/** The same as nobody has them: well formed, last letters changed. */
export function nobodysNames(names: Names): Names {
  const other = (id: string) =>
    id.replace(/.{4}(?=.{8}$)/, part =>
      /^[0-9a-f]{4}$/.test(part) ? (part === 'abcd' ? 'dcba' : 'abcd') : part === 'AbCd' ? 'dCbA' : 'AbCd',
    )
  const entries = Object.entries(names).map(([name, id]) => [name, other(id)])
  return {
    ...(Object.fromEntries(entries) as Names),
    tenant: 'nowhere',
    user: 'nobody@nowhere.example',
    app: 'no-such-app',
    key: 'no-such-key',
    token: 'no-such-token',
    correlation: 'no-such-correlation',
  }
}

export const STRANGERS = `
tenants:
  - id: fabrikam
    name: Fabrikam
    domains: [fabrikam.example]
    users:
      - { upn: mallory@fabrikam.example, name: Mallory, roles: [admin, operator, agent] }
    apps:
      - name: evil-app
        roles: [admin, operator]
        scopes: [SCOPE.DC.MANAGE-YOUR-APP, SCOPE.CRM.SETUP-AUTOMATIONS, Calendars.Read, Calendars.ReadWrite, Mail.Read, User.Read.All, Group.Read.All, Notifications.ReadWrite, Events.ReadWrite, Receipts.Read]
        sites: [{ name: Evil site }]
    templates:
      - { uniqueName: evil_call, name: Call, title: A call }
    channels:
      - { uniqueName: evil_phone, label: Telephone, address: 'https://phone.example/', app: evil-app }
`

export async function ownTenant(
  server: TestServer,
): Promise<{ names: Names; snapshot: () => Promise<unknown> }> {
  const alice = await server.personToken('alice')
  const dana = await server.personToken('dana')
  const app = await server.appToken()
  const call = async (token: string, method: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        authorization: path.startsWith('/automations') ? token : `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
    return text === '' ? null : JSON.parse(text)
  }
  const later = { kind: 'delay', title: SECRET_WORD, afterMs: 86_400_000 }
  const announce = (key: string) =>
    call(alice, 'POST', '/api/v1/events', {
      key,
      title: SECRET_WORD,
      correlationId: 'corr-1',
      effects: [later],
    })
  const live = await announce('key-1')
  const doomed = await announce('key-2')
  const { receiptId } = await call(alice, 'POST', `/api/v1/events/${doomed.id}/cancel`, {
    reason: SECRET_WORD,
    correlationId: 'corr-1',
  })
  const meeting = await call(alice, 'POST', '/v1.0/me/events', {
    subject: SECRET_WORD,
    start: { dateTime: '2031-05-06T10:00:00', timeZone: 'UTC' },
    end: { dateTime: '2031-05-06T11:00:00', timeZone: 'UTC' },
    attendees: [{ emailAddress: { address: 'bob@contoso.example' }, type: 'required' }],
  })
  const calendars = await call(alice, 'GET', '/v1.0/me/calendars')
  const offer = await call(dana, 'POST', '/api/v1/notifications/offers', {
    channel: 'demo_softphone',
    templateName: 'msdyn_chat_incoming_unauthenticated',
    templateParameters: { customerName: SECRET_WORD },
    cancellationTokens: ['token-1'],
  })
  const entity = '16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c'
  await call(app, 'POST', '/automations/v1/events/report', {
    triggerKey: 'form_submitted',
    externalEntityId: entity,
    payload: { name: SECRET_WORD, message: SECRET_WORD },
  })
  // Until what is due has happened: mail is kept, copies are delivered.
  await server.advance(1000)
  const mails = (await call(alice, 'GET', '/api/v1/mail')).value
  const bob = await server.personToken('bob')
  const messages = (await call(bob, 'GET', '/v1.0/me/messages')).value
  const names: Names = {
    tenant: 'contoso',
    user: 'alice@contoso.example',
    group: '94000000-0000-4000-8000-000000000005',
    app: 'demo-app',
    event: live.id,
    effect: live.effectIds[0],
    cancelled: doomed.id,
    receipt: receiptId,
    key: 'key-1',
    correlation: 'corr-1',
    meeting: meeting.id,
    message: messages[0].id,
    calendar: calendars.value[0].id,
    mail: mails[0].id,
    offer: offer.id,
    token: 'token-1',
    entity,
  }
  const snapshot = async () => ({
    event: await call(alice, 'GET', `/api/v1/events/${live.id}`),
    receipts: await call(alice, 'GET', '/api/v1/receipts'),
    meetings: await call(alice, 'GET', '/v1.0/me/events'),
    mails: await call(alice, 'GET', '/api/v1/mail'),
    offer: await call(dana, 'GET', `/api/v1/notifications/offers/${offer.id}`),
    credentials: await server.server.auth.credentials('contoso', 'demo-app'),
    clock: (await call(alice, 'GET', '/api/v1/sandbox/clock')).now.slice(0, 10),
  })
  return { names, snapshot }
}
