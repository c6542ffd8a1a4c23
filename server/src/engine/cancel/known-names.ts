// Which of many names belong to something. An operator of a tenant uses it to find what apps announced under their own names; one statement
// looks up all of them.

import type { Context } from '../context.ts'
import { sql } from '../statements.ts'

export type KnownRequest = {
  readonly tenant: string
  /** Whose earlier cancels count; see core/cancellation.ts. */
  readonly caller: string
  readonly names: readonly {
    readonly key: string
    readonly entity: string
    /** What a cancel of it by this very request carries. */
    readonly requestKey: string | null
  }[]
}

export type Known = {
  /** Which of the names. */
  readonly position: number
  /** An event with it is not called off. */
  readonly live: boolean
  /** It is live, and something of it has not ended, may follow, is kept by its domain, is in doubt, or died and may be retried. */
  readonly isOpen: boolean
  readonly calledOff: boolean
  /** The caller has cancelled by it before. */
  readonly repeats: boolean
  /** This very request has. */
  readonly done: boolean
}

/** Names that one statement looks for. */
const AT_ONCE = 5000

/** A name that nobody has, and nobody has had, is not among the answers. */
export async function findKnown(
  { db, domains }: Pick<Context, 'db' | 'domains'>,
  { tenant, caller, names }: KnownRequest,
): Promise<readonly Known[]> {
  const found: Known[] = []
  const standing = [...domains.values()].filter(domain => domain.keeps).map(domain => domain.eventKind)
  for (let from = 0; from < names.length; from += AT_ONCE) {
    const some = names.slice(from, from + AT_ONCE)
    type Row = Omit<Known, 'calledOff' | 'isOpen'> & {
      readonly is_open: boolean
      readonly called_off: boolean
    }
    const rows = await db.query<Row>(sql('find-known'), [
      tenant,
      caller,
      some.map(name => name.key),
      some.map(name => name.entity),
      some.map(name => name.requestKey),
      standing,
    ])
    for (const { position, is_open: isOpen, called_off: calledOff, ...row } of rows)
      found.push({ ...row, isOpen, calledOff, position: from + position - 1 })
  }
  return found
}

/** `isOver`: all of it had ended or been called off before. */
export type Aim = { readonly positions: readonly number[]; readonly isOver: boolean }

/**
 * The names that a cancel of any of them is about: what is live, and what this very request has called off already; of more
 * than `limit`, what is open. Where nothing is live: what the same caller called off before, else whatever was. Pure.
 */
export function aimedAt(known: readonly Known[], limit: number): Aim {
  const live = known.filter(name => name.live || name.done)
  const open = live.filter(name => name.isOpen || name.done)
  const before = known.filter(name => name.calledOff && name.repeats)
  // The same caller has called off what was open: the answer is the same again.
  if (live.length > limit && open.length === 0 && before.length > 0)
    return { positions: before.map(name => name.position), isOver: true }
  if (live.length > 0) {
    const aimed = live.length > limit && open.length > 0 ? open : live
    return { positions: aimed.map(name => name.position), isOver: open.length === 0 }
  }
  const over = known.filter(name => name.calledOff)
  const again = over.filter(name => name.repeats)
  return { positions: (again.length > 0 ? again : over).map(name => name.position), isOver: over.length > 0 }
}
