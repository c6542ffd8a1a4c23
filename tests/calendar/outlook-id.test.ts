import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { makeICalUid } from '../../server/src/calendar/itip/ical-uid.ts'
import { decodeOutlookId, encodeOutlookId, looksLikeOutlookId } from '../../server/src/calendar/outlook-id.ts'
import { ianaZone, readWallTime, wallTime } from '../../server/src/calendar/time-zone.ts'

const id = fc.record(
  {
    type: fc.constantFrom('item', 'message', 'calendar', 'calendarGroup', 'folder'),
    mailboxId: fc.uuid(),
    id: fc.uuid(),
    generation: fc.nat(),
  },
  { noNullPrototype: true },
)

test('every id comes back, in the URL-safe alphabet, and only as its own type', () => {
  fc.assert(
    fc.property(id, given => {
      const text = encodeOutlookId(given)
      assert.match(text, /^AAMk[A-Za-z0-9_-]+=?$/)
      assert.equal(text.length, 104)
      assert.deepEqual(decodeOutlookId(given.type, text), given)
      assert.equal(decodeOutlookId(given.type === 'item' ? 'message' : 'item', text), null)
    }),
  )
})

test('every id has one spelling: a character that is changed makes another id or none', () => {
  fc.assert(
    fc.property(id, fc.nat(102), fc.constantFrom('A', 'b', '9', '_'), (given, at, character) => {
      const text = encodeOutlookId(given)
      const changed = text.slice(0, at) + character + text.slice(at + 1)
      const decoded = decodeOutlookId(given.type, changed)
      if (changed === text) assert.deepEqual(decoded, given)
      else assert.notDeepEqual(decoded, given)
    }),
  )
})

test('what is no id at all', () => {
  for (const text of ['', 'AAMk', 'events', 'AAMk+/==', `AAMk${'A'.repeat(700)}`, 'BBMkAAAA'])
    assert.equal(looksLikeOutlookId(text), false, text)
})

test('an iCalUId has the parts of an Outlook global object id', () => {
  const uid = makeICalUid(new Date('2026-03-01T12:00:00.000Z'), bytes => new Uint8Array(bytes).fill(0xab))
  assert.equal(uid.length, 112)
  assert.equal(uid.slice(0, 40), '040000008200E00074C5B7101A82E00800000000')
  const filetime = Buffer.from(uid.slice(40, 56), 'hex').readBigUInt64LE()
  // 1601-01-01 to 1970-01-01 in 100 ns, from the definition of FILETIME.
  assert.equal(
    new Date(Number((filetime - 116_444_736_000_000_000n) / 10_000n)).toISOString(),
    '2026-03-01T12:00:00.000Z',
  )
  assert.equal(uid.slice(72), `10000000${'AB'.repeat(16)}`)
})

test('zones go by IANA and Windows names', () => {
  assert.equal(ianaZone('W. Europe Standard Time'), 'Europe/Berlin')
  assert.equal(ianaZone('Europe/Zurich'), 'Europe/Zurich')
  assert.equal(ianaZone('UTC'), 'Etc/UTC')
  for (const name of ['+01:00', 'Nowhere', '', 'Z', '../etc/passwd']) assert.equal(ianaZone(name), null, name)
})

test('wall times, with the hour that does not exist and the hour that comes twice', () => {
  const at = (text: string, zone = 'America/New_York') => readWallTime(text, zone)?.at.toISOString()
  assert.equal(at('2026-07-01T09:00:00'), '2026-07-01T13:00:00.000Z')
  assert.equal(at('2026-07-01T09:00'), '2026-07-01T13:00:00.000Z')
  assert.equal(at('2026-07-01'), '2026-07-01T04:00:00.000Z')
  assert.equal(at('2026-03-08T02:30:00'), '2026-03-08T07:30:00.000Z')
  assert.equal(at('2026-11-01T01:30:00'), '2026-11-01T05:30:00.000Z')
  assert.equal(at('2026-07-01T09:00:00Z'), '2026-07-01T09:00:00.000Z')
  assert.equal(at('2026-07-01T09:00:00.1234567+02:00'), '2026-07-01T07:00:00.123Z')
  for (const text of ['', 'tomorrow', '2026-02-30T00:00:00', '2026-01-01T25:00:00', '2026-1-1'])
    assert.equal(at(text), undefined, text)
  assert.equal(wallTime(new Date('2026-07-01T13:00:00Z'), 'America/New_York'), '2026-07-01T09:00:00.0000000')
})
