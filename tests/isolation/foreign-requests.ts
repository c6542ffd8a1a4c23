// What a stranger tries at each route. {names} are filled with the first tenant's ids, and once more with ids of nobody:
// the two answers must not differ.

export type Who = 'person' | 'browser' | 'app' | 'raw-app' | 'nobody'
export type Attempt = {
  readonly who: Who
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const as =
  (who: Who) =>
  (method: string, path: string, body?: unknown): Attempt => ({ who, method, path, body })
const person = as('person')
const browser = as('browser')
const app = as('app')
const wix = as('raw-app')

const report = { triggerKey: 'zebra_trigger', externalEntityId: '{entity}' }
const bulk = { triggerKey: 'zebra_trigger', eventsInfo: [{ externalEntityId: '{entity}' }] }
const bulkCancel = { triggerKey: 'zebra_trigger', externalEntityIds: ['{entity}'] }
const wixBodies = { report, 'bulk-report': bulk, cancel: report, 'bulk-cancel': bulkCancel } as const
const below = (attempt: Attempt): Attempt => ({ ...attempt, headers: { 'standdown-parent': '{event}' } })
const wixRoutes = (prefix: string, verbs: readonly (keyof typeof wixBodies)[]) =>
  verbs.map(verb => {
    const attempt = wix('POST', `${prefix}/${verb}`, wixBodies[verb])
    return [`POST ${prefix}/${verb}`, [attempt, below(attempt)]] as const
  })
const MEETING = {
  subject: 'x',
  start: { dateTime: '2031-05-06T10:00:00' },
  end: { dateTime: '2031-05-06T11:00:00' },
}
const ALL = ['report', 'bulk-report', 'cancel', 'bulk-cancel'] as const

const graph = (version: string): readonly Attempt[] =>
  [
    ...['', '/events', '/events/{meeting}', '/calendar', '/calendars', '/calendargroups', '/messages'].map(
      rest => person('GET', `${version}/users/{user}${rest}`),
    ),
    person('GET', `${version}/users/{user}/messages/{message}`),
    person('GET', `${version}/users/{user}/calendars/{calendar}/events`),
    person('GET', `${version}/me/events/{meeting}`),
    person('GET', `${version}/me/messages/{message}`),
    person('GET', `${version}/me/calendars/{calendar}`),
    person('GET', `${version}/groups/{group}/events/{meeting}`),
    person('POST', `${version}/users/{user}/events`, { subject: 'x' }),
    below(person('POST', `${version}/me/events`, MEETING)),
    person('POST', `${version}/users/{user}/events/{meeting}/cancel`, { Comment: 'x' }),
    person('POST', `${version}/me/events/{meeting}/cancel`, { Comment: 'x' }),
    person('DELETE', `${version}/users/{user}/events/{meeting}`),
    person('DELETE', `${version}/me/events/{meeting}`),
    app('GET', `${version}/users/{user}/events/{meeting}`),
    app('POST', `${version}/users/{user}/events/{meeting}/cancel`, { Comment: 'x' }),
  ] as const

const OFFER_EFFECT = { kind: 'offer', channel: 'zebra_phone', template: 'zebra_template' }
const MEETING_EFFECT = { kind: 'meeting', ...MEETING }
// The stranger's own channel and template: only the parent is another's.
const MINE = { channel: 'evil_phone', templateName: 'evil_call' }
const OFFER = { channel: 'zebra_phone', templateName: 'zebra_template', cancellationTokens: ['{token}'] }
const BY_TOKEN = '?channel=zebra_phone&cancellationToken={token}'
const NOTIFICATIONS = '/api/v1/notifications'

/** By route. An empty list: nothing of a tenant is there, and no id is taken; why stands beside it. */
export const FOREIGN_REQUESTS: ReadonlyMap<string, readonly Attempt[]> = new Map<string, readonly Attempt[]>([
  // Of the server, not of a tenant.
  ['GET /healthz', []],
  ['GET /readyz', []],
  ['GET /metrics', []],
  ['GET /openapi.json', []],
  ['GET /api/v1/openapi.json', []],
  ['GET /api/v1/notifications/openapi.json', []],
  ['GET /automations/v1/openapi.json', []],
  ['GET /v1.0/openapi.json', []],
  ['GET /beta/openapi.json', []],
  ['GET /docs/api/openapi.json', []],
  ['GET /standdown.css', []],
  ['POST /demo/webhook', []],
  ['GET /agent/:file', []],
  ['GET /:webresources(^[Ww][Ee][Bb][Rr][Ee][Ss][Oo][Uu][Rr][Cc][Ee][Ss]$)/*', []],
  // Pages of whoever is signed in, by a session (tests/auth/browser-sessions.test.ts).
  ['GET /', [as('nobody')('GET', '/'), browser('GET', '/'), browser('GET', '/?key={key}')]],
  ['GET /signin', []],
  ['POST /signin', []],
  ['GET /sign-in', []],
  ['POST /signout', []],
  ['GET /oidc/interaction/:id', []],
  [
    'ANY /oidc/*',
    [
      person('GET', '/oidc/me'),
      browser('GET', '/oidc/auth?client_id={app}&response_type=code&scope=openid'),
      as('nobody')('POST', '/oidc/token', { client_id: '{app}', grant_type: 'authorization_code' }),
    ],
  ],
  ['GET /oidc/session/end', [browser('GET', '/oidc/session/end?client_id={app}')]],
  ['POST /oidc/session/end', [as('nobody')('POST', '/oidc/session/end', { client_id: '{app}' })]],
  ['GET /mail/:id', [person('GET', '/mail/{mail}'), browser('GET', '/mail/{mail}')]],
  ['GET /agent', [person('GET', '/agent'), browser('GET', '/agent')]],
  // A secret, not a token, says who one is (tests/auth/token-endpoints.test.ts).
  ['POST /oauth2/token', []],
  ['POST /oauth2/token-info', []],
  ['POST /oauth/access', []],
  ['POST /:tenant/oauth2/v2.0/token', []],

  ['POST /api/v1/tokens', [person('POST', '/api/v1/tokens', { tenant: '{tenant}', user: '{user}' })]],
  [
    'POST /api/v1/sign-in-links',
    [person('POST', '/api/v1/sign-in-links', { tenant: '{tenant}', user: '{user}' })],
  ],
  [
    'GET /api/v1/apps/:name',
    [person('GET', '/api/v1/apps/{app}'), app('GET', '/api/v1/apps/{app}?tenant={tenant}')],
  ],
  ['POST /api/v1/apps/:name/renew', [person('POST', '/api/v1/apps/{app}/renew')]],
  ['POST /api/v1/apps/:name/api-keys', [person('POST', '/api/v1/apps/{app}/api-keys', { label: 'x' })]],
  ['DELETE /api/v1/apps/:name/api-keys/:label', [person('DELETE', '/api/v1/apps/{app}/api-keys/x')]],
  [
    'POST /api/v1/users/:user/revoke-tokens',
    [person('POST', '/api/v1/users/{user}/revoke-tokens?tenant={tenant}')],
  ],
  ['POST /api/v1/apps/:name/revoke-tokens', [person('POST', '/api/v1/apps/{app}/revoke-tokens')]],
  [
    'POST /api/v1/operators/revoke-tokens',
    [
      person('POST', '/api/v1/operators/revoke-tokens?tenant={tenant}'),
      app('POST', '/api/v1/operators/revoke-tokens?tenant={tenant}'),
    ],
  ],
  ['POST /api/v1/keys/rotate', [person('POST', '/api/v1/keys/rotate', { now: true })]],

  ['GET /api/v1/status', [person('GET', '/api/v1/status')]],
  ['GET /api/v1/hold', [person('GET', '/api/v1/hold'), person('GET', '/api/v1/hold?eventId={event}')]],
  [
    'POST /api/v1/hold/release',
    // tests/operations/hold.test.ts tries these where something is on hold.
    [
      person('POST', '/api/v1/hold/release', { all: true }),
      person('POST', '/api/v1/hold/release', { eventId: '{event}' }),
      app('POST', '/api/v1/hold/release', { eventId: '{event}', cancel: true }),
    ],
  ],
  ['GET /api/v1/sandbox/clock', [person('GET', '/api/v1/sandbox/clock')]],
  ['POST /api/v1/sandbox/clock', [person('POST', '/api/v1/sandbox/clock', { advance: '1d' })]],
  [
    'POST /api/v1/events',
    [
      person('POST', '/api/v1/events', { title: 'x', parent: { id: '{event}' } }),
      app('POST', '/api/v1/events', { title: 'x', parent: { id: '{event}', link: 'keep' } }),
      person('POST', '/api/v1/events', { title: 'x', parent: { id: '{meeting}' } }),
      app('POST', '/api/v1/events', { title: 'x', parent: { id: '{offer}' } }),
      person('POST', '/api/v1/events', { title: 'x', effects: [{ ...OFFER_EFFECT, agent: '{user}' }] }),
      person('POST', '/api/v1/events', { title: 'x', effects: [{ ...MEETING_EFFECT, organizer: '{user}' }] }),
    ],
  ],
  [
    'GET /api/v1/events/:id',
    [
      person('GET', '/api/v1/events/{event}'),
      app('GET', '/api/v1/events/{event}'),
      person('GET', '/api/v1/events/{meeting}'),
      app('GET', '/api/v1/events/{meeting}'),
      person('GET', '/api/v1/events/{offer}'),
    ],
  ],
  [
    'GET /api/v1/events',
    [
      '',
      '?key={key}',
      '?entity={entity}',
      '?app={app}',
      '?api=wix&count=true',
      '?q=zebra',
      '?state=announced&dueAfter=2020-01-01T00:00:00Z',
    ]
      .flatMap(query => [person('GET', `/api/v1/events${query}`), app('GET', `/api/v1/events${query}`)])
      .concat(browser('GET', '/api/v1/events')),
  ],
  ['POST /api/v1/events/:id/revise', [person('POST', '/api/v1/events/{event}/revise', { effects: [] })]],
  [
    'POST /api/v1/events/:id/cancel',
    ['event', 'meeting', 'offer'].map(what => person('POST', `/api/v1/events/{${what}}/cancel`)),
  ],
  [
    'GET /api/v1/effects',
    [
      'state=dead',
      'state=pending',
      'state=running',
      'state=waiting',
      'state=done',
      'eventId={event}',
      'eventId={event}&state=pending',
    ].map(query => person('GET', `/api/v1/effects?${query}`)),
  ],
  ['POST /api/v1/effects/:id/retry', [person('POST', '/api/v1/effects/{effect}/retry')]],
  [
    'POST /api/v1/effects/retry',
    [
      person('POST', '/api/v1/effects/retry', {}),
      person('POST', '/api/v1/effects/retry', { eventId: '{event}' }),
      app('POST', '/api/v1/effects/retry', { eventId: '{event}' }),
    ],
  ],
  [
    'POST /api/v1/effects/:id/replace',
    [
      person('POST', '/api/v1/effects/{effect}/replace', {
        effect: { kind: 'webhook', url: 'https://x.example/' },
      }),
      app('POST', '/api/v1/effects/{effect}/replace', {
        effect: { kind: 'webhook', url: 'https://x.example/' },
      }),
    ],
  ],
  [
    'POST /api/v1/cancellations',
    [
      person('POST', '/api/v1/cancellations', { eventId: '{event}' }),
      app('POST', '/api/v1/cancellations', { eventId: '{event}' }),
      person('POST', '/api/v1/cancellations', { eventId: '{meeting}' }),
      person('POST', '/api/v1/cancellations', { key: '{key}', earlyMs: 0 }),
      ...['/api/v1/cancellations', '/api/v1/previews'].flatMap(path => [
        person('POST', path, { key: '{key}' }),
        person('POST', path, { key: '{key}', app: '{app}' }),
        person('POST', path, { triggerKey: 'form_submitted', externalEntityId: '{entity}' }),
        person('POST', path, { triggerKey: 'form_submitted', externalEntityId: '{entity}', app: '{app}' }),
        person('POST', path, { cancellationToken: '{token}' }),
        person('POST', path, { cancellationToken: '{token}', agent: '{user}' }),
        // With the role operator, and names of its own.
        app('POST', path, { key: '{key}', app: '{app}' }),
        app('POST', path, { triggerKey: 'form_submitted', externalEntityId: '{entity}' }),
        app('POST', path, { cancellationToken: '{token}' }),
        app('POST', path, { eventId: '{meeting}' }),
      ]),
    ],
  ],
  [
    'GET /api/v1/receipts',
    [
      '',
      '?key={key}',
      '?key={key}&app={app}',
      '?eventId={cancelled}',
      '?eventId={meeting}',
      '?correlationId={correlation}',
    ]
      .concat('?triggerKey=zebra_trigger&externalEntityId={entity}', '?cancellationToken={token}')
      .map(query => person('GET', `/api/v1/receipts${query}`)),
  ],
  [
    'GET /api/v1/receipts/:id',
    [
      person('GET', '/api/v1/receipts/{receipt}'),
      app('GET', '/api/v1/receipts/{receipt}?wait=1'),
      browser('GET', '/api/v1/receipts/{receipt}'),
    ],
  ],
  [
    'POST /api/v1/previews',
    [
      person('POST', '/api/v1/previews', { eventId: '{event}' }),
      person('POST', '/api/v1/previews', { eventId: '{meeting}' }),
      person('POST', '/api/v1/previews', { key: '{key}' }),
      person('POST', '/api/v1/previews', { key: 'mine', after: '{event}_{effect}' }),
    ],
  ],
  ['GET /api/v1/mail', [person('GET', '/api/v1/mail')]],
  ['GET /api/v1/mail/:id', [person('GET', '/api/v1/mail/{mail}')]],
  ['GET /api/v1/webhook-secrets', [person('GET', '/api/v1/webhook-secrets')]],
  ['GET /api/v1/webhook-secrets/:ref', [person('GET', '/api/v1/webhook-secrets/zebra')]],
  ['PUT /api/v1/webhook-secrets/:ref', [app('PUT', '/api/v1/webhook-secrets/zebra')]],
  [
    'POST /api/v1/webhook-secrets/:ref/rotate',
    [app('POST', '/api/v1/webhook-secrets/zebra/rotate', { overlap: '0s' })],
  ],
  [
    'POST /api/v1/workspace',
    [
      person('POST', '/api/v1/workspace', {
        workspace: 'tenants: [{ id: "{tenant}", name: Mine, domains: [m.example] }]',
      }),
    ],
  ],

  [
    `POST ${NOTIFICATIONS}/offers`,
    [
      person('POST', `${NOTIFICATIONS}/offers`, OFFER),
      person('POST', `${NOTIFICATIONS}/offers`, { ...MINE, parent: { id: '{event}' } }),
    ],
  ],
  [`GET ${NOTIFICATIONS}/offers`, [person('GET', `${NOTIFICATIONS}/offers${BY_TOKEN}`)]],
  [`GET ${NOTIFICATIONS}/offers/:id`, [person('GET', `${NOTIFICATIONS}/offers/{offer}`)]],
  [`POST ${NOTIFICATIONS}/offers/:id/accept`, [person('POST', `${NOTIFICATIONS}/offers/{offer}/accept`)]],
  [`POST ${NOTIFICATIONS}/offers/:id/reject`, [person('POST', `${NOTIFICATIONS}/offers/{offer}/reject`)]],
  [
    `POST ${NOTIFICATIONS}/cancel`,
    [
      person('POST', `${NOTIFICATIONS}/cancel`, { channel: 'zebra_phone', cancellationToken: '{token}' }),
      app('POST', `${NOTIFICATIONS}/cancel`, { channel: 'demo_softphone', cancellationToken: '{token}' }),
      app('POST', `${NOTIFICATIONS}/cancel`, { channel: 'evil_phone', cancellationToken: '{token}' }),
      app('POST', `${NOTIFICATIONS}/cancel`, {
        channel: 'evil_phone',
        cancellationToken: '{token}',
        agent: '{user}',
      }),
    ],
  ],
  [
    `GET ${NOTIFICATIONS}/receipts`,
    [
      person('GET', `${NOTIFICATIONS}/receipts${BY_TOKEN}`),
      app('GET', `${NOTIFICATIONS}/receipts?channel=demo_softphone&cancellationToken={token}`),
      app('GET', `${NOTIFICATIONS}/receipts?channel=evil_phone&cancellationToken={token}`),
    ],
  ],
  [`GET ${NOTIFICATIONS}/screen`, [person('GET', `${NOTIFICATIONS}/screen`)]],
  // The same rows as the screen, as a stream that does not end: as an app, which is no agent.
  [`GET ${NOTIFICATIONS}/screen/events`, [app('GET', `${NOTIFICATIONS}/screen/events`)]],

  ...wixRoutes('/automations/v1/events', ALL),
  ...wixRoutes('/v1/events', ALL),
  ...wixRoutes('/_api/esb-config-resolver/v1/events', ALL),
  ...wixRoutes('/workflows/v1/events', ['report']),

  ['ANY /v1.0', []],
  ['ANY /v1.0/*', graph('/v1.0')],
  ['ANY /beta', []],
  ['ANY /beta/*', graph('/beta')],
  ['ANY /docs/api', []],
  ['ANY /docs/api/*', graph('/docs/api')],
])
