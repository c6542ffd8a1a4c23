// How what is finite is shared between tenants, of whom nobody knows beforehand how many will come: each may hold as much as is
// left free when it has taken it. One alone gets half of all, the next one half of the rest, and so on; so there is always
// something left for whoever comes last.

/** How many places more somebody may take who holds `used`, of `free` ones. Pure. */
export function shareLeft(free: number, used: number): number {
  if (used === 0) return Math.ceil(Math.max(0, free) / 2)
  return Math.max(0, Math.floor((free - used) / 2))
}
