/** How long what a lost process was running stays its own, milliseconds, where STANDDOWN_LEASE_MS does not say otherwise. */
export const DEFAULT_LEASE_MS = 15_000
