// Arrays as we write them mean to PostgreSQL what they mean when the driver writes them as text; and what it would refuse,
// it refuses.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { arrayParameters, putArray } from '../../server/src/store/binary-arrays.ts'
import { MessageBytes } from '../../server/src/store/message-bytes.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

const text = fc.string({ unit: 'binary' })
const noZero = text.map(s => s.replaceAll('\0', ''))
// Up to here their digits are exact.
const time = fc.date({ min: new Date('1715-01-01'), max: new Date('2285-01-01'), noInvalidDate: true })
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, 0.5, 1e300, 2 ** 53, 40_000, -40_000))

/** What is usually given, which goes as binary; and what else may be given, where PostgreSQL has the word. */
const TYPES: readonly {
  readonly type: string
  readonly usual: fc.Arbitrary<unknown>
  readonly other: fc.Arbitrary<unknown>
}[] = [
  {
    type: 'smallint',
    usual: fc.oneof(fc.integer({ min: -32_768, max: 32_767 }), fc.constantFrom(-32_768, 32_767, -1)),
    other: fc.oneof(number, fc.constantFrom(32_768, -32_769, '7', ' 8 ', 'x', true)),
  },
  {
    type: 'int',
    usual: fc.oneof(fc.integer(), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, -1)),
    other: fc.oneof(number, fc.constantFrom(2 ** 31, -(2 ** 31) - 1, '7', 'x', 5n)),
  },
  {
    type: 'bigint',
    usual: fc.oneof(
      fc.maxSafeInteger(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, -1, -(2 ** 32), 2 ** 32, Number.MIN_SAFE_INTEGER),
    ),
    other: fc.oneof(number, fc.constantFrom(2n ** 63n, -(2n ** 63n) - 1n, '9007199254740993', 'x')),
  },
  {
    type: 'double precision',
    usual: fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, Number.NaN, Infinity, -Infinity, 5e-324)),
    other: fc.constantFrom('1.5', 'x', 5n, '1e999'),
  },
  { type: 'boolean', usual: fc.boolean(), other: fc.constantFrom('t', 'off', 'x', 1, 0, 2) },
  {
    type: 'uuid',
    usual: fc.oneof(
      fc.uuid(),
      fc.uuid().map(id => id.toUpperCase()),
    ),
    other: fc.oneof(
      fc.uuid().map(id => `{${id}}`),
      fc.uuid().map(id => id.replaceAll('-', '')),
      // One character is another one.
      fc
        .tuple(fc.uuid(), fc.nat(35), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }))
        .map(([id, at, char]) => id.slice(0, at) + char + id.slice(at + 1)),
      text,
    ),
  },
  {
    type: 'text',
    usual: fc.oneof(
      noZero,
      fc.constantFrom(
        '',
        'NULL',
        '{}',
        '"',
        '\\',
        ' a ',
        'x'.repeat(24),
        'x'.repeat(25),
        'ü'.repeat(30),
        '😀',
        '\ud800',
      ),
    ),
    other: fc.oneof(text, fc.constantFrom('\0', `${'x'.repeat(30)}\0`, 'ü\0', 5, true, 7n)),
  },
  {
    type: 'timestamptz',
    usual: time.map(at => at as unknown),
    other: fc.constantFrom(
      new Date(Number.NaN),
      '2026-01-02T03:04:05Z',
      'infinity',
      'x',
      '1500-01-01T00:00:00Z',
    ),
  },
]

let database: TestDatabase
/** The driver alone, which writes arrays as text. */
let plain: pg.Client

before(async () => {
  database = await testDatabase({ empty: true, maxConnections: 1 })
  plain = new pg.Client({
    host: database.options.host,
    user: database.options.user,
    database: database.name,
    options: '-c timezone=UTC',
  })
  await plain.connect()
  await database.db.query({ text: `set timezone = 'UTC'` })
})
after(async () => {
  await plain?.end()
  await database?.[Symbol.asyncDispose]()
})

// By what PostgreSQL itself writes of it: nothing is rounded on the way.
const query = (type: string, name: string) => ({
  name,
  text: `select $1::${type}[]::text as read, array_to_json($1::${type}[])::text as json, array_lower($1::${type}[], 1) as lower`,
})

const outcome = async (rows: Promise<readonly unknown[]>) => {
  try {
    return { rows: [...(await rows)] }
  } catch (error) {
    return { code: (error as { code?: string }).code }
  }
}
const ours = (type: string, values: unknown) =>
  outcome(database.db.query(query(type, `test.ours-${type}`), [values]))
const theirs = (type: string, values: unknown) =>
  outcome(plain.query({ ...query(type, `theirs ${type}`), values: [values] }).then(({ rows }) => rows))

// The driver writes times in the zone of this process, to the minute.
const asTheirs = (value: unknown) =>
  value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : value

for (const { type, usual, other } of TYPES) {
  const nullable = (element: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 5, arbitrary: element }, fc.constantFrom(null, undefined))

  test(`${type}: the usual values go as binary, and PostgreSQL reads what it reads as text`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(nullable(usual), { maxLength: 20 }), async values => {
        const [arrayType] = arrayParameters(`select $1::${type}[]`)
        assert.ok(arrayType && putArray(new MessageBytes(), arrayType, values))
        assert.deepEqual(await ours(type, values), await theirs(type, values.map(asTheirs)))
      }),
      { numRuns: 150 },
    )
  })

  test(`${type}: of whatever else it reads the same, or refuses it with the same code`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(nullable(fc.oneof(usual, other)), { minLength: 1, maxLength: 4 }),
        async values => {
          assert.deepEqual(await ours(type, values), await theirs(type, values.map(asTheirs)))
        },
      ),
      { numRuns: 150 },
    )
  })
}

test('arrays of arrays, literals and nothing go as they always did', async () => {
  for (const values of [
    [
      ['a', 'b'],
      ['c', null],
    ],
    [[1], [2]],
    '{x,NULL,"y z"}',
    null,
    undefined,
    '{}',
  ])
    assert.deepEqual(await ours('text', values), await theirs('text', values))
  assert.deepEqual(await ours('text', []), { rows: [{ read: '{}', json: '[]', lower: null }] })
})

test('a refused array leaves the connection as good as it was', async () => {
  assert.deepEqual(await ours('text', ['a\0b']), { code: '22021' })
  assert.deepEqual(await ours('uuid', ['not one']), { code: '22P02' })
  assert.deepEqual(await ours('smallint', [40_000]), { code: '22003' })
  assert.deepEqual(await ours('smallint', [1]), { rows: [{ read: '{1}', json: '[1]', lower: 1 }] })
})

test('binary and text stand side by side in one statement', async () => {
  const mixed = {
    name: 'test.mixed',
    text: 'select $1::int as a, $2::text[] as b, $3 || $4::text as c, $5::uuid[]::text[] as d, $6::bytea as e, $7::jsonb as f',
  }
  const id = '0190a0b0-c0d0-8000-8000-00000000000f'
  const values = [5, ['x', null], 'y', null, [id], Buffer.from([0, 255]), { g: [1] }]
  assert.deepEqual(await database.db.query(mixed, values), [
    { a: 5, b: ['x', null], c: null, d: [id], e: Buffer.from([0, 255]), f: { g: [1] } },
  ])
})

test('a group that is much larger than the memory it begins with arrives whole', async () => {
  const large = Array.from({ length: 20_000 }, (_, i) => `${i} ${'ü'.repeat(i % 50)}`)
  const [row] = await database.db.query<{ texts: string[] }>({ text: 'select $1::text[] as texts' }, [large])
  assert.deepEqual(row?.texts, large)
})

const kinds = (statement: string) => arrayParameters(statement).map(type => type?.elementOid ?? null)

test('a parameter is an array where every use of it is cast to the same array', () => {
  assert.deepEqual(kinds('select $1::text[], $2::int[], $3::double precision[], $2::int[]'), [25, 23, 701])
  assert.deepEqual(kinds('select $3::uuid[]'), [null, null, 2950])
  assert.deepEqual(kinds('select $1::text[] where a = any ($1)'), [null])
  assert.deepEqual(kinds('select $1, $1::text[]'), [null])
  assert.deepEqual(kinds('select $1::text[], $1::uuid[], $1::text[]'), [null])
  assert.deepEqual(
    kinds('select $1::text, $2::text[][], $3::jsonb[], $4::interval[], $11::bigint[]').slice(0, 4),
    [null, null, null, null],
  )
  assert.deepEqual(kinds('select $1::text[]::uuid[]'), [25])
})

test('comments and literals name no parameters', () => {
  assert.deepEqual(kinds('-- $1: keys, $2 now\nselect $1::text[], /* $2 */ $2::smallint[]'), [25, 21])
  assert.deepEqual(kinds(`select '$1', 'it''s $2::int[]', '-- ', $1::text[], $2::uuid[]`), [25, 2950])
})
