// How much one workspace file may hold, all tenants together. A file that reaches every limit is still read within the reader's
// time limit, and quickly compared with what is stored.

export const WORKSPACE_LIMITS = {
  characters: 1_000_000,
  /** Texts, numbers, lists and objects; what an alias stands for counts each time. */
  values: 100_000,
  aliases: 100,
  depth: 40,
  tenants: 100,
  users: 10_000,
  groups: 2_000,
  members: 50_000,
  apps: 1_000,
  sites: 10_000,
  calendars: 2_000,
} as const
