// Cursors of lists. They are opaque to callers and are parsed strictly: a text that this server did not make is read as null, never
// as a wrong position.

import { isGuid } from './ids.ts'
import { readWrittenTime } from './instant.ts'

/** Higher than any id: a list that is read downwards begins here, so at the newest. */
export const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
export const FIRST_ID = '00000000-0000-0000-0000-000000000000'

const TIME = /^(?:infinity|-infinity|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)$/

export type CursorPosition = { readonly id: string; readonly time: string | null }

/** `time`: as PostgreSQL wrote it, to the microsecond; null for a list that is ordered by id alone. */
export function cursorOf({ id, time }: CursorPosition): string {
  return Buffer.from(time === null ? id : `${id} ${time}`).toString('base64url')
}

export function readCursor(text: string): CursorPosition | null {
  if (!/^[\w-]{1,120}$/.test(text)) return null
  const [id, time = null, ...rest] = Buffer.from(text, 'base64url').toString('latin1').split(' ')
  if (!isGuid(id) || rest.length > 0) return null
  if (time !== null && !(TIME.test(time) && (/infinity/.test(time) || readWrittenTime(time) !== null)))
    return null
  return { id: id.toLowerCase(), time }
}
