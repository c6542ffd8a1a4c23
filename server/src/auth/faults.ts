// The errors of this room: what can be wrong with a caller's credentials or rights. An honest caller gets a sentence for each reason
// that it can act on. Other reasons are not told apart.

import { faults } from '../core/fault.ts'

export const authFault = faults({
  UNAUTHENTICATED: { status: 401, message: 'No credential was sent.' },
  INVALID_TOKEN: { status: 401, message: 'The token is not valid here.' },
  TOKEN_EXPIRED: { status: 401, message: 'The token has expired.' },
  TOKEN_REVOKED: { status: 401, message: 'The token was revoked.' },
  NOT_INSTALLED: { status: 403, message: 'The app is not installed at that site.' },
  CROSS_SITE: { status: 403, message: 'A page of another origin may not do this with your cookie.' },
  FORBIDDEN: { status: 403, message: 'This needs {needs}.' },
  UNKNOWN_TENANT: { status: 404, message: 'There is no tenant {tenant}.' },
  UNKNOWN_PERSON: { status: 404, message: 'Tenant {tenant} has no person {person}.' },
  UNKNOWN_APP: { status: 404, message: 'Tenant {tenant} has no app {app}.' },
  SITE_NEEDED: {
    status: 400,
    message:
      'App {app} is at several sites, and a token acts at one of them: name it (--site). There are {sites}.',
  },
  UNKNOWN_SITE: { status: 404, message: 'App {app} has no site {site}. There are {sites}.' },
  UNKNOWN_SCOPE: { status: 400, message: 'App {app} does not have scope {scope}.' },
  UNKNOWN_PERSON_SCOPE: { status: 400, message: 'No person’s token has scope {scope}.' },
  LINK_USED: { status: 410, message: 'This sign-in link was used already, or has expired.' },
  TOO_MANY_ATTEMPTS: {
    status: 429,
    message: 'Too many links that are not good came from there. Try again in {retryAfterSeconds} s.',
  },
  DEMO_OFF: { status: 404, message: 'Nobody signs in by choosing a person here.' },
  DEMO_FORWARDED: {
    status: 403,
    message:
      'This request came through a proxy, and only who is at this machine itself signs in by choosing a person. Set DEMO=off to serve others.',
  },
  DEMO_NEEDS_LOOPBACK: {
    status: 500,
    message:
      '{setting}: the demo lets anybody sign in as anybody, so it is for this machine only.\nSet DEMO=off, or {instead}.',
  },
  DEMO_NOT_HERE: {
    status: 500,
    message:
      'DEMO=on: this installation has run without the demo, and never gets it again.\nUse another DATA_DIR (or database) for the demo.',
  },
  ISSUER_UNREACHABLE: { status: 503, message: 'The issuer of people’s tokens cannot be reached right now.' },
})

/** Errors of the token endpoints. RFC 6749, 5.2: the names here are the codes that clients receive. */
export const grantFault = faults({
  invalid_request: { status: 400, message: '{detail}' },
  invalid_client: { status: 401, message: 'The app is unknown, or its secret is wrong.' },
  invalid_grant: { status: 400, message: '{detail}' },
  slow_down: {
    status: 429,
    message: 'Too many wrong secrets came from there. Try again in {retryAfterSeconds} s.',
  },
  invalid_scope: { status: 400, message: 'The app does not have scope {scope}.' },
  unsupported_grant_type: { status: 400, message: 'grant_type {grantType} is not supported here. {hint}' },
})

/** Errors of the people, groups and apps in a workspace file. */
export const applyFault = faults({
  WOULD_ORPHAN: {
    status: 409,
    message:
      'The file leaves out what still exists: {names}.\nWhat belongs to them would be orphaned. Put them back, or apply with --prune.',
  },
  ID_CHANGED: { status: 409, message: '{at} exists with the id {id}; an id never changes.' },
  TAKEN: { status: 409, message: '{what} belongs to another tenant.' },
  TENANT_SETTINGS: {
    status: 403,
    message:
      'Only who runs the server may change settings of tenant {tenant} itself ({names}), or apply a file with other tenants.',
  },
})
