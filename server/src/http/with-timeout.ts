// A time limit for a promise.

class TookTooLong extends Error {
  override readonly name = 'TookTooLong'
}

/** @throws TookTooLong; the work itself goes on */
export async function withTimeout<T>(ms: number, work: () => T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TookTooLong(`not within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}
