// Errors of the native API. docs/native-api.md lists them; a test keeps the two equal.

import { faults } from '../../core/fault.ts'

export const nativeFaultCatalogue = {
  INVALID_REQUEST: { status: 400, message: '{detail}' },
  DUE_TWICE: { status: 400, message: 'An effect has either `at` or `afterMs`, not both.' },
  BAD_INSTANT: {
    status: 400,
    message:
      '{value} is not an instant that can be kept: RFC 3339 with an offset, to the millisecond, years 1970 to 9999.',
  },
  SEARCH_NEEDED: {
    status: 400,
    message:
      'Say what to look for: key, triggerKey with externalEntityId, eventId, cancellationToken or correlationId.',
  },
  TOO_MANY_NAMES: {
    status: 400,
    message: 'That may stand for more than {most} names in this tenant: say which `{by}` is meant.',
  },
  TENANT_NEEDED: {
    status: 400,
    message:
      "This token is the server's own, and there are several tenants, or none: set STANDDOWN_TENANT, or apply a workspace file.",
  },
  FORBIDDEN: { status: 403, message: 'This needs {needs}.' },
  NOT_SANDBOX: {
    status: 403,
    message: 'Only the clock of a sandbox can be moved; tenant {tenant} runs on real time.',
  },
  NOT_FOUND: { status: 404, message: 'There is no {what} {id} here.' },
  EVENT_CANCELLED: { status: 409, message: 'Event {id} was called off.' },
  NOT_REVISABLE: { status: 409, message: 'Event {id} belongs to another API, which revises it.' },
  PARENT_CANCELLED: {
    status: 409,
    message: 'The parent event {id} was called off: nothing can be announced below it.',
  },
  CANCELLED_BEFORE: {
    status: 409,
    message: 'A cancel came before this event, and the event asked to be refused then.',
  },
  REQUEST_KEY_REUSED: {
    status: 409,
    message: 'This Idempotency-Key was used for another request.',
  },
  TOO_MUCH_TO_KEEP: {
    status: 413,
    message:
      'The actions of this request hold more than {most} characters together. A mail to many is one action for each.',
  },
  TOO_MANY_WAITS: {
    status: 429,
    message:
      'Not more than {most} of your requests may wait at once, and the server has a limit for all. Ask without waiting.',
  },
  TOO_MANY_MATCHES: {
    status: 409,
    message:
      '{count} have that name, and one request cancels for {most} at most: say whose is meant. Nothing was called off.',
  },
  NOT_ON_HOLD: { status: 409, message: 'Nothing is on hold here.' },
  NOT_DEAD: { status: 409, message: 'Action {id} is not dead: only a dead one can be tried again by hand.' },
  RETRY_CANCELLED: {
    status: 409,
    message: 'Action {id} belongs to an event that was called off: it stays as it is.',
  },
  REPLACED: { status: 409, message: 'Action {id} was replaced before, by {by}.' },
  NOT_REPLACEABLE: { status: 409, message: 'Action {id} cannot be replaced so: {why}.' },
} as const

export const nativeFault = faults(nativeFaultCatalogue)

/** Why a child cannot be announced any more: no further attempt can cure it. */
export const childFault = faults({
  AGENT_GONE: { status: 404, message: 'the agent is gone, or is no agent any more' },
  CHANNEL_GONE: { status: 404, message: 'the agent has no channel {channel} any more' },
  ORGANIZER_GONE: { status: 404, message: 'the organizer is gone' },
})
