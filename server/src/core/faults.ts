// Errors about the parent of an event. They have the same text in every API, and each API writes them in its own shape.

import { faults } from './fault.ts'

export const parentFault = faults({
  INVALID_PARENT: {
    status: 400,
    message: "Standdown-Parent is an event's id, with `; link=keep` behind it if you like.",
  },
  // The same text for an event that does not exist and for one of somebody else.
  PARENT_NOT_FOUND: { status: 404, message: 'There is no event {id} here that this could hang from.' },
  PARENT_CANCELLED: {
    status: 409,
    message:
      'The event {id}, which this was to hang from, was called off: nothing can be announced under it.',
  },
  TREE_TOO_DEEP: {
    status: 400,
    message:
      'The event {id} stands as deep below others as an event may: nothing can hang from it, except with `link=keep`, which begins anew.',
  },
})
