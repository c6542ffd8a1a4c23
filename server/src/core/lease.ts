/** Default of STANDDOWN_LEASE_MS, in milliseconds: how long the effects that a lost process was running stay reserved for it. */
export const DEFAULT_LEASE_MS = 15_000
