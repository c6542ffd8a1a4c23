// Callers that hold every connection of a pool, and one more that waits for one.

import type { Database } from '../../server/src/store/database.ts'

export async function takePool(db: Database): Promise<AsyncDisposable> {
  const release = Promise.withResolvers<void>()
  const held: Promise<void>[] = []
  const done: Promise<void>[] = []
  for (let i = 0; i < db.poolFigures.max; i++) {
    const has = Promise.withResolvers<void>()
    held.push(has.promise)
    done.push(
      db.transaction('test.hold', async tx => {
        await tx.query({ text: 'select 1' })
        has.resolve()
        await release.promise
      }),
    )
  }
  await Promise.all(held)
  done.push(db.query({ text: 'select 1' }).then(() => {}))
  return {
    async [Symbol.asyncDispose]() {
      release.resolve()
      await Promise.all(done)
    },
  }
}
