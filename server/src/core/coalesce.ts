// Callers who ask for the same thing at the same time share one read.

/**
 * For each key one `read` runs at a time. All callers who come while it runs wait for one further read, which begins when the
 * running one has ended. So no caller gets an answer that is older than the question. If a read fails, it fails only for the
 * callers who wait for it.
 */
export function coalesce<Args extends readonly unknown[], T>(
  keyOf: (...args: Args) => string,
  read: (...args: Args) => Promise<T>,
): (...args: Args) => Promise<T> {
  type Reads = { readonly running: Promise<T>; next: Promise<T> | null }
  const reads = new Map<string, Reads>()
  const begin = (key: string, args: Args): Promise<T> => {
    const mine: Reads = {
      running: Promise.try(read, ...args).finally(() => {
        // Otherwise the next read begins right now and replaces this entry.
        if (mine.next === null) reads.delete(key)
      }),
      next: null,
    }
    reads.set(key, mine)
    return mine.running
  }
  return (...args) => {
    const key = keyOf(...args)
    const now = reads.get(key)
    if (now === undefined) return begin(key, args)
    now.next ??= now.running.then(
      () => begin(key, args),
      () => begin(key, args),
    )
    return now.next
  }
}
