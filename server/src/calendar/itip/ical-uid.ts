// iCalUId: hex of a 56-byte global object id, as Outlook makes it (MS-OXOCAL 2.2.1.27): a constant, the occurrence's date
// (zero for a single meeting), the creation time as FILETIME, 8 zero bytes, the length 16, and 16 random bytes.

import type { Random } from '../../core/ids.ts'

const CLASS_ID = '040000008200E00074C5B7101A82E008'
// Milliseconds from 1601-01-01 to 1970-01-01.
const FILETIME_EPOCH_MS = 11_644_473_600_000n

export function makeICalUid(createdAt: Date, random: Random): string {
  const bytes = Buffer.alloc(56)
  bytes.write(CLASS_ID, 0, 'hex')
  bytes.writeBigUInt64LE((BigInt(createdAt.getTime()) + FILETIME_EPOCH_MS) * 10_000n, 20)
  bytes.writeUInt32LE(16, 36)
  bytes.set(random(16), 40)
  return bytes.toString('hex').toUpperCase()
}
