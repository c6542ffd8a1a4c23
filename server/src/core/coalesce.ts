// Many who ask for the same thing at the same time, with one look for all of them.

/**
 * Of each key one look runs at a time. Whoever asks meanwhile is answered, with all others who do, by one look that begins after it:
 * so nobody gets an answer that is older than their question. A look that fails fails for those who wait for it, and no others.
 */
export function coalesce<Args extends readonly unknown[], T>(
  keyOf: (...args: Args) => string,
  look: (...args: Args) => Promise<T>,
): (...args: Args) => Promise<T> {
  type Looks = { readonly running: Promise<T>; next: Promise<T> | null }
  const looks = new Map<string, Looks>()
  const begin = (key: string, args: Args): Promise<T> => {
    const mine: Looks = {
      running: Promise.try(look, ...args).finally(() => {
        // Else the next one begins right now, and takes its place.
        if (mine.next === null) looks.delete(key)
      }),
      next: null,
    }
    looks.set(key, mine)
    return mine.running
  }
  return (...args) => {
    const key = keyOf(...args)
    const now = looks.get(key)
    if (now === undefined) return begin(key, args)
    now.next ??= now.running.then(
      () => begin(key, args),
      () => begin(key, args),
    )
    return now.next
  }
}
