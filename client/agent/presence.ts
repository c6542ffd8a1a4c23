// The agent's presence, one for all channels of this desktop. Pages set it by its text, and are told of every change.

export type PresenceInfo = {
  readonly presenceText: string
  readonly basePresenceStatus: string
  readonly presenceColor: string
  readonly presenceId: string
}

type Listener = (detail: { readonly presenceInfo: PresenceInfo }) => void

const presence = (presenceText: string, basePresenceStatus: string, presenceColor: string, n: number) => ({
  presenceText,
  basePresenceStatus,
  presenceColor,
  presenceId: `5ca1ab1e-0000-4000-8000-00000000000${n}`,
})

/** The texts that pages in the field set. */
const PRESENCES: readonly PresenceInfo[] = [
  presence('Available', 'AVAILABLE', '#107c10', 1),
  presence('Busy', 'BUSY', '#c50f1f', 2),
  presence('Do not disturb', 'BUSY_DO_NOT_DISTURB', '#c50f1f', 3),
  presence('Appear away', 'AWAY', '#f7630c', 4),
  presence('Offline', 'OFFLINE', '#6e6e6e', 5),
]

let current = PRESENCES[0] as PresenceInfo
const listeners = new Set<Listener>()

export function presenceText(): string {
  return current.presenceText
}

/** False for a text that is none of the presences; it has to be the exact one, as documented. */
export function setPresence(text: unknown): boolean {
  const wanted = PRESENCES.find(each => each.presenceText === text)
  if (!wanted) return false
  if (wanted === current) return true
  current = wanted
  for (const listener of listeners) listener({ presenceInfo: current })
  return true
}

/** Gives what ends it. */
export function onPresenceChange(listener: Listener): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
