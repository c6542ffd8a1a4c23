// How a limited number of slots is shared between tenants, when nobody knows how many tenants will come. A tenant may have as many
// slots as stay free after it has taken them. So the first one gets half of all, the next one half of the rest, and so on, and
// something is always left for the next tenant.

/** How many more slots a tenant may take that has `used` of them, while `free` are left. Pure. */
export function shareLeft(free: number, used: number): number {
  if (used === 0) return Math.ceil(Math.max(0, free) / 2)
  return Math.max(0, Math.floor((free - used) / 2))
}
