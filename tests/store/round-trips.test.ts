// How often a transaction goes to PostgreSQL and back, and what becomes of it when something fails on the way.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Database, DatabaseUnavailable, type Tx } from '../../server/src/store/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { codeOf, type Message, type PostgresWay, postgresWay } from '../support/postgres-way.ts'

type World = AsyncDisposable & {
  readonly way: PostgresWay
  /** With one connection, on that way. */
  readonly db: Database
  readonly database: TestDatabase
  ids(): Promise<readonly number[]>
}

const INSERT = { name: 'test.insert', text: 'insert into row (id) values ($1::int)' }
const COUNT = { name: 'test.count', text: 'select count(*)::int as rows from row' }
const DIVIDE = { name: 'test.divide', text: 'select 1 / $1::int as n' }

/** All statements are prepared on its connection, those of transactions too. */
async function world(): Promise<World> {
  const database = await testDatabase({ empty: true })
  const way = await postgresWay()
  const db = new Database({ ...database.options, host: way.host, maxConnections: 1 })
  await database.db.query({ text: 'create table row (id int primary key)' })
  await warm(db)
  way.writes.splice(0)
  return {
    way,
    db,
    database,
    ids: async () => {
      // What a connection that was cut still does is over when its locks are free.
      const rows = await database.db.transaction('ids', async tx => {
        await tx.query({ text: 'lock table row in access exclusive mode' })
        return await tx.query<{ id: number }>({ text: 'select id from row order by id' })
      })
      return rows.map(({ id }) => id)
    },
    async [Symbol.asyncDispose]() {
      await db.close()
      await way[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

async function warm(db: Database): Promise<void> {
  await db.transaction('warm', async tx => {
    await tx.query(COUNT)
    await tx.query(DIVIDE, [1])
    await tx.query(INSERT, [0])
    tx.send({ text: 'delete from row' })
  })
  await db.transaction('warm', tx => tx.query(DIVIDE, [0])).catch(() => {})
}

test('a transaction that waits for no answer is one write, and needs neither begin nor commit', async () => {
  await using w = await world()
  await w.db.transaction('test', async tx => {
    tx.send(INSERT, [1])
    tx.send(INSERT, [2])
  })
  assert.deepEqual(w.way.writes, ['BEBES'])
  assert.deepEqual(await w.ids(), [1, 2])
})

test('begin goes with the first write, commit with what is sent last', async () => {
  await using w = await world()
  const rows = await w.db.transaction('test', async tx => {
    tx.send(INSERT, [1])
    const rows = await tx.query(COUNT)
    tx.send(INSERT, [2])
    return rows
  })
  assert.deepEqual(rows, [{ rows: 1 }])
  // begin, insert, count; then insert, commit
  assert.deepEqual(w.way.writes, ['BEBEBES', 'BEBES'])
  assert.deepEqual(await w.ids(), [1, 2])
})

test('queries that do not wait for each other share a write, also when they are asked by different branches', async () => {
  await using w = await world()
  const branch = async (tx: Tx, n: number) => {
    for (let i = 0; i < n; i++) await Promise.resolve()
    return (await tx.query<{ n: number }>(DIVIDE, [n]))[0]?.n
  }
  const found = await w.db.transaction('test', tx =>
    Promise.all([branch(tx, 1), branch(tx, 2), branch(tx, 3), tx.query(COUNT)]),
  )
  assert.deepEqual(found, [1, 0, 0, [{ rows: 0 }]])
  assert.deepEqual(w.way.writes, ['BEBEBEBEBES', 'BES'])
})

test('what is asked while an answer is awaited goes with the next write, in the order of the calls', async () => {
  await using w = await world()
  const seen: number[] = []
  await w.db.transaction('test', async tx => {
    const count = async () => {
      const [row] = await tx.query<{ rows: number }>(COUNT)
      seen.push(row?.rows ?? -1)
    }
    const first = count()
    await new Promise(resolve => setImmediate(resolve))
    tx.send(INSERT, [1])
    const second = count()
    tx.send(INSERT, [2])
    const third = count()
    await Promise.all([first, second, third])
  })
  assert.deepEqual(seen, [0, 1, 2])
  assert.deepEqual(w.way.writes, ['BEBES', 'BEBEBEBES', 'BES'])
})

test('a query that nobody waits for runs all the same, and goes with the commit', async () => {
  await using w = await world()
  await w.db.transaction('test', async tx => void tx.query(INSERT, [1]))
  assert.deepEqual(await w.ids(), [1])
  assert.deepEqual(w.way.writes, ['BES'])
})

test('work that asks for nothing, or fails before it has, goes nowhere', async () => {
  await using w = await world()
  assert.equal(await w.db.transaction('test', async () => 'done'), 'done')
  const refuse = async (tx: Tx) => {
    tx.send(INSERT, [1])
    throw new Error('no')
  }
  await assert.rejects(w.db.transaction('test', refuse), /^Error: no$/)
  assert.deepEqual(w.way.writes, [])
  assert.deepEqual(await w.ids(), [])
})

test('when begin fails, nothing that travels with it is done', async () => {
  await using w = await world()
  // Its connection no longer knows begin by its name, so that it is refused.
  await w.db.query({ text: 'deallocate "store.begin"' })
  w.way.writes.splice(0)
  await assert.rejects(
    w.db.transaction('test', async tx => {
      tx.send(INSERT, [1])
      await tx.query(COUNT)
    }),
    { code: '26000' },
  )
  assert.deepEqual(w.way.writes, ['BEBEBES', 'BES'])
  assert.deepEqual(await w.ids(), [])
  await w.db.transaction('test', async tx => void (await tx.query(INSERT, [2])))
  assert.deepEqual(await w.ids(), [2])
})

for (const at of [0, 1, 2, 3]) {
  test(`statement ${at} of a shared write fails: all that share it fail with its error, and nothing stays`, async () => {
    await using w = await world()
    let hooks = 0
    const outcomes = Promise.withResolvers<readonly PromiseSettledResult<unknown>[]>()
    const failing = w.db.transaction('test', async tx => {
      tx.afterCommit(() => (hooks += 1))
      await tx.query(INSERT, [9])
      const asked = [0, 1, 2, 3].map(i => (i === at ? tx.query(DIVIDE, [0]) : tx.query(INSERT, [i])))
      outcomes.resolve(Promise.allSettled(asked))
      await Promise.all(asked)
    })
    await assert.rejects(failing, { code: '22012' })
    const reasons = (await outcomes.promise).map(
      outcome => outcome.status === 'rejected' && outcome.reason.code,
    )
    assert.deepEqual(reasons, ['22012', '22012', '22012', '22012'])
    assert.equal(hooks, 0)
    assert.deepEqual(await w.ids(), [])
    // The connection is as good as before, and not in a transaction.
    await w.db.transaction('test', async tx => tx.send(INSERT, [5]))
    assert.deepEqual(await w.ids(), [5])
    assert.equal(w.way.connections, 1)
  })
}

test('the error of a send is that of the next query, or of the commit', async () => {
  await using w = await world()
  const query = w.db.transaction('test', async tx => {
    tx.send(DIVIDE, [0])
    await assert.rejects(tx.query(COUNT), { code: '22012' })
    await assert.rejects(tx.query(COUNT), { code: '22012' })
  })
  await assert.rejects(query, { code: '22012' })
  assert.deepEqual(w.way.writes, ['BEBEBES', 'BES'])
  const alone = w.db.transaction('test', async tx => {
    tx.send(INSERT, [1])
    tx.send(DIVIDE, [0])
  })
  await assert.rejects(alone, { code: '22012' })
  const atCommit = w.db.transaction('test', async tx => {
    await tx.query(COUNT)
    tx.send(INSERT, [1])
    tx.send(DIVIDE, [0])
  })
  await assert.rejects(atCommit, { code: '22012' })
  assert.deepEqual(await w.ids(), [])
})

test('work that thinks better of an error does not commit: PostgreSQL has undone what it did', async () => {
  await using w = await world()
  const swallowed = w.db.transaction('test', async tx => {
    await tx.query(INSERT, [1])
    await tx.query(DIVIDE, [0]).catch(() => {})
    return 'done'
  })
  await assert.rejects(swallowed, { code: '22012' })
  assert.deepEqual(await w.ids(), [])
})

test('values that cannot be written fail like any error: the rest of the group is not sent', async () => {
  await using w = await world()
  const circle: Record<string, unknown> = {}
  circle.self = circle
  const failing = w.db.transaction('test', async tx => {
    await tx.query(INSERT, [1])
    tx.send(INSERT, [2])
    await tx.query({ text: 'select $1::jsonb' }, [circle])
  })
  await assert.rejects(failing, TypeError)
  assert.deepEqual(await w.ids(), [])
  await w.db.transaction('test', async tx => tx.send(INSERT, [3]))
  assert.deepEqual(await w.ids(), [3])
})

test('a commit that is answered with a rollback is an error', async () => {
  await using w = await world()
  w.way.answered = message =>
    codeOf(message) === 'C' && tagOf(message) === 'COMMIT' ? tag('ROLLBACK') : message
  let hooks = 0
  const failing = w.db.transaction('test', async tx => {
    tx.afterCommit(() => (hooks += 1))
    await tx.query(COUNT)
  })
  await assert.rejects(failing, /answered with ROLLBACK/)
  assert.equal(hooks, 0)
})

const tagOf = (message: Message): string => message.toString('latin1', 5, message.length - 1)

function tag(text: string): Message {
  const message = Buffer.from(`C\0\0\0\0${text}\0`, 'latin1')
  message.writeInt32BE(message.length - 1, 1)
  return message
}

test('a statement after the end of its transaction is refused, and goes nowhere', async () => {
  await using w = await world()
  let left: Tx | undefined
  await w.db.transaction('test', async tx => {
    left = tx
    await tx.query(COUNT)
  })
  w.way.writes.splice(0)
  await assert.rejects(left!.query(INSERT, [1]), /after the end of its transaction/)
  assert.throws(() => left!.send(INSERT, [1]), /after the end of its transaction/)
  assert.deepEqual(w.way.writes, [])
})

/** Of a transaction with two writes: begin, insert, count, Sync; insert, commit, Sync. */
const MESSAGES = 'BEBEBESBEBES'
/** Where the commit is executed. */
const COMMITS = MESSAGES.lastIndexOf('E')
/** Begin, insert and count are bound and done, the count has a row, and PostgreSQL is ready; insert, commit, ready. */
const ANSWERS = '2C2C2DCZ2C2CZ'
/** The last of those that come before it was sent a commit. */
const READY = ANSWERS.indexOf('Z')

test('wherever the connection is cut on the way to PostgreSQL, all is done or nothing', async () => {
  await using w = await world()
  for (let kept = 0; kept < MESSAGES.length; kept++) {
    await warm(w.db)
    let passed = 0
    w.way.asked = message => (passed++ < kept ? message : 'cut')
    await assert.rejects(twoWrites(w.db), DatabaseUnavailable, `after ${kept}`)
    w.way.asked = message => message
    assert.deepEqual(await w.ids(), kept <= COMMITS ? [] : [1, 2], `after ${kept}`)
  }
})

test('wherever the connection is cut on the way back, all is done or nothing, and the caller is told of no commit', async () => {
  await using w = await world()
  for (let kept = 0; kept < ANSWERS.length; kept++) {
    await warm(w.db)
    let passed = 0
    w.way.answered = message => (passed++ < kept ? message : 'cut')
    let hooks = 0
    const failing = twoWrites(w.db, () => (hooks += 1))
    await assert.rejects(failing, DatabaseUnavailable, `after ${kept}`)
    assert.equal(hooks, 0)
    w.way.answered = message => message
    assert.deepEqual(await w.ids(), kept <= READY ? [] : [1, 2], `after ${kept}`)
  }
})

async function twoWrites(db: Database, hook: () => void = () => {}): Promise<void> {
  await db.transaction('test', async tx => {
    tx.afterCommit(hook)
    tx.send(INSERT, [1])
    await tx.query(COUNT)
    tx.send(INSERT, [2])
  })
}

test('an answer that does not come in time is not waited for: the connection counts as dead', async t => {
  await using w = await world()
  const asked = Promise.withResolvers<void>()
  w.way.answered = () => {
    asked.resolve()
    return null
  }
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const flushed = w.db.flush('test', [{ statement: INSERT, values: [1] }])
  const outcome = assert.rejects(flushed, (error: Error) => {
    assert.ok(error instanceof DatabaseUnavailable)
    assert.match(String((error.cause as Error).message), /query read timeout/)
    return true
  })
  await asked.promise
  // The time of a statement, and ten seconds.
  t.mock.timers.tick(40_000)
  await outcome
  t.mock.timers.reset()
  w.way.answered = message => message
  await w.db.flush('test', [{ statement: INSERT, values: [2] }])
  assert.ok((await w.ids()).includes(2))
})
