// Titles of effects are kept at most 200 characters long.

const MAX_TITLE = 200

/** The text, or its beginning with "…". It is never cut inside a pair of surrogates: PostgreSQL refuses half of one. */
export function shortTitle(text: string): string {
  if (text.length <= MAX_TITLE) return text
  const cut = text.slice(0, MAX_TITLE - 1)
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`
}
