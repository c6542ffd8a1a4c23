// The faults of calls about offers. The first two codes are the documentation's own (`message` of notifyEvent's
// and cancelEvent's error callback).

import { faults } from '../core/fault.ts'

export const notificationFaults = faults({
  NotificationTemplateNotFoundError: {
    status: 404,
    message: 'There is no notification template with the unique name "{template}".',
  },
  CHANNEL_UNKNOWN: { status: 404, message: 'There is no channel "{channel}" for this agent.' },
  NOT_YOUR_CHANNEL: { status: 404, message: 'There is no channel "{channel}" of this app.' },
  AGENT_UNKNOWN: { status: 404, message: 'There is no agent {agent} here.' },
  TOO_MANY_AGENTS: {
    status: 409,
    message:
      '{count} agents may have that token, and one request looks at {most} at most: say which `agent` is meant. Nothing was called off.',
  },
  OFFER_UNKNOWN: { status: 404, message: 'There is no such offer for this agent.' },
  OFFER_GONE: { status: 410, message: 'The offer is no longer open: {actionName}, {responseReason}.' },
  OFFER_NOT_SHOWN: { status: 409, message: 'The offer is not on the screen yet: {waiting} before it.' },
  AGENT_ONLY: { status: 403, message: 'Only an agent has a screen for offers.' },
})
