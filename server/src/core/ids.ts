// Ids that we give are UUIDs (version 8, RFC 9562) that sort by the time they were made and carry their shard, so that
// an id alone says in which shard its row is. Layout: 48 bits milliseconds, version, 4 random bits and
// 8 bits of shard, variant, 62 random bits.

/** Number of shards. It can never change, because ids carry their shard. */
export const SHARDS = 256

export type Shard = number
export type Random = (bytes: number) => Uint8Array

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** A new id in `shard`. `nowMs`: any clock. It orders ids for readers, for indexes and for the sweep; nothing else depends on it. */
export function makeId(shard: Shard, nowMs: number, random: Random): string {
  const r = random(9)
  const time = Math.floor(nowMs).toString(16).padStart(12, '0').slice(-12)
  const a = (0x8000 | ((r[0]! & 0x0f) << 8) | shard).toString(16)
  let rest = HEX[0x80 | (r[1]! & 0x3f)]! + HEX[r[2]!]! + '-'
  for (let i = 3; i < 9; i++) rest += HEX[r[i]!]!
  return `${time.slice(0, 8)}-${time.slice(8)}-${a}-${rest}`
}

/** The shard that an id of this server carries. The id must be a well-formed GUID (see {@link isGuid}). */
export function shardOfId(id: string): Shard {
  return Number.parseInt(id.slice(16, 18), 16)
}

/**
 * The id of the thing that is made because of `id`, in the same shard. It is always the same id, so making the thing again makes
 * nothing new. The thing must be of another kind than the one that `id` names, because the function is its own inverse.
 */
export function derivedId(id: string): string {
  const rest = BigInt(`0x${id.slice(24)}`) ^ 0xffff_ffff_ffffn
  return id.slice(0, 24) + rest.toString(16).padStart(12, '0')
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** True for a GUID of any version and case. */
export function isGuid(text: unknown): text is string {
  return typeof text === 'string' && GUID.test(text)
}

/** FNV-1a over UTF-16 code units, 32 bits: the fixed hash behind shards and key gates. Never change it. */
export function hash32(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    h ^= text.charCodeAt(i)
    h = Math.imul(h, 0x01000193)
  }
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  return h >>> 0
}

/** The shard of an entity of a tenant. The whole tree that is about the entity is in this shard. */
export function shardOfEntity(tenant: string, entity: string): Shard {
  return hash32(`${tenant}\n${entity}`) % SHARDS
}
