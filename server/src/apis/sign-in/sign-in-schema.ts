// Schemas of what the token endpoints, the issuer and the pages take and answer, for /openapi.json. They only describe. The code that
// reads requests is as lenient as that of other issuers, so nothing is validated by these schemas.

import { OIDC_PATH } from '../../auth/oidc/people-issuer.ts'
import type { OpenApi, Schema } from '../../http/openapi.ts'

const text = { type: 'string' } as const
const FORM = 'application/x-www-form-urlencoded'
const PAGE = { produces: 'text/html', response: { 200: text } } as const
const PARAMETERS = { consumes: ['application/json', FORM], isPublic: true } as const
const elsewhere = { type: 'null' } as const

// Browsers send this header. A request from another site's page is refused.
const OF_OWN_PAGE = {
  required: ['Origin'],
  properties: { Origin: { ...text, description: 'Of a page of this server.' } },
} as const

const texts = (...names: readonly string[]) => Object.fromEntries(names.map(name => [name, text]))

const grant = {
  type: 'object',
  required: ['grant_type'],
  properties: {
    grant_type: { enum: ['client_credentials', 'refresh_token', 'strip_bound_session'] },
    ...texts('client_id', 'client_secret', 'refresh_token', 'instance_id', 'scope'),
  },
} as const
const granted = {
  type: 'object',
  required: ['access_token', 'token_type', 'expires_in'],
  properties: {
    ...texts('access_token', 'scope', 'refresh_token'),
    token_type: { const: 'Bearer' },
    expires_in: { type: 'integer' },
  },
} as const

export const TOKEN_SCHEMAS = {
  token: {
    ...PARAMETERS,
    summary: "An app's token, for its id and secret.",
    body: grant,
    response: { 200: granted },
  },
  access: {
    ...PARAMETERS,
    summary: 'The same, as older clients of Wix ask for it: with a refresh token.',
    body: { ...grant, properties: { ...grant.properties, grant_type: { const: 'refresh_token' } } },
    response: { 200: granted },
  },
  info: {
    ...PARAMETERS,
    summary: 'What a token is.',
    body: { type: 'object', required: ['token'], properties: { token: text } },
    response: { 200: { type: 'object', required: ['active'], properties: { active: { type: 'boolean' } } } },
  },
  ofTenant: {
    ...PARAMETERS,
    summary: "An app's token, where Microsoft's clients look for it.",
    params: { properties: { tenant: text } },
    body: { ...grant, properties: { ...grant.properties, grant_type: { const: 'client_credentials' } } },
    response: { 200: granted },
  },
} as const

export const SIGN_IN_SCHEMAS = {
  page: {
    ...PAGE,
    isPublic: true,
    summary: 'The page to sign in at.',
    querystring: {
      properties: {
        code: { ...text, description: 'Of a link.' },
        return_to: { ...text, description: 'A path of this server.' },
      },
    },
  },
  otherName: { summary: 'Leads to /signin.', isPublic: true, response: { 308: elsewhere } },
  signIn: {
    isPublic: true,
    summary: 'Sign in, by a link or as a person of the demo.',
    headers: OF_OWN_PAGE,
    consumes: [FORM],
    body: { type: 'object', properties: texts('code', 'person', 'return_to') },
    response: { 303: elsewhere },
  },
  signOut: { isPublic: true, summary: 'Sign out.', headers: OF_OWN_PAGE, response: { 303: elsewhere } },
  endSession: {
    ...PAGE,
    isPublic: true,
    summary: 'An app signs somebody out.',
    querystring: {
      properties: texts('id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'),
    },
  },
  endSessionForm: {
    ...PAGE,
    isPublic: true,
    summary: 'An app signs somebody out.',
    consumes: [FORM],
    body: {
      type: 'object',
      properties: texts('id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state', 'confirm'),
    },
  },
  interaction: {
    isPublic: true,
    summary: 'Goes on with what an app began, for who is signed in.',
    params: { properties: { id: text } },
    response: { 303: elsewhere },
  },
} as const

const authorization = texts(
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'resource',
  'state',
  'nonce',
  'prompt',
  'code_challenge',
  'code_challenge_method',
)
const form = (...names: readonly string[]): Schema => ({
  consumes: [FORM],
  body: { type: 'object', properties: texts(...names) },
  response: { 200: { type: 'object' } },
})

/** The issuer's paths are those of its library. */
const OF_ISSUER: { readonly [operation: string]: Schema } = {
  'GET /.well-known/openid-configuration': { summary: 'What the issuer can do, and where.' },
  'GET /jwks': { summary: 'The keys that tokens of people are signed with.' },
  'GET /auth': {
    summary: 'An app has a person sign in.',
    querystring: { properties: authorization },
    response: { 303: elsewhere },
  },
  'POST /auth': {
    ...form(...Object.keys(authorization)),
    summary: 'An app has a person sign in.',
    response: { 303: elsewhere },
  },
  'POST /token': {
    ...form('grant_type', 'client_id', 'code', 'code_verifier', 'redirect_uri', 'refresh_token', 'scope'),
    summary: "A person's token, for a code or a refresh token.",
  },
  'POST /token/revocation': { ...form('token', 'client_id'), summary: 'Make a token void.' },
  'POST /request': { ...form(...Object.keys(authorization)), summary: 'Keep what an app will ask for.' },
  'GET /me': { summary: 'Who the person is that a token is of.' },
  'POST /me': { ...form(), summary: 'Who the person is that a token is of.' },
}

export function describeIssuer(openApi: OpenApi): void {
  for (const [operation, schema] of Object.entries(OF_ISSUER)) {
    const [method = '', path = ''] = operation.split(' ')
    openApi.describe({ method, path: `${OIDC_PATH}${path}`, schema: { isPublic: true, ...schema } })
  }
}
