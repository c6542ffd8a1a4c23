// Native API: an event's id, as its callers spell it.

/** An event's id as any of the APIs spells it: a GUID, or Graph's own form. A regular expression without its ends. */
export const EVENT_ID =
  '(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|AAMk[A-Za-z0-9_-]{1,190}={0,2})'

export const eventIdSchema = {
  type: 'string',
  maxLength: 200,
  pattern: `^${EVENT_ID}$`,
  description: "An event's id, in the form of one of the APIs.",
} as const
