// Names of receivers are looked up in a stated time, and one tenant's silent names delay nobody else's.

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createLookup, namesIn } from '../../server/src/delivery/webhook/resolver.ts'
import { dnsServer } from './dns-server.ts'

const NO_HOSTS = '/nowhere/hosts'

test('addresses of both kinds, those of IPv4 first; a name of one kind only is not waited for in vain', async () => {
  await using dns = await dnsServer({
    'both.example': ['2001:db8::1', '192.0.2.1', '192.0.2.2'],
    'six.example': ['2001:db8::2'],
  })
  const lookup = createLookup({ servers: [dns.address], hostsFile: NO_HOSTS })
  assert.deepEqual((await lookup('both.example', 't')).toSorted(), ['192.0.2.1', '192.0.2.2', '2001:db8::1'])
  assert.match((await lookup('both.example', 't'))[0]!, /^192/)
  assert.deepEqual(await lookup('six.example', 't'), ['2001:db8::2'])
})

test('a name that nobody has is refused, and so is one that has no answer in time', async () => {
  await using dns = await dnsServer({ 'silent.example': 'silent' })
  const lookup = createLookup({ servers: [dns.address], hostsFile: NO_HOSTS, timeoutMs: 300 })
  await assert.rejects(lookup('nobody.invalid', 't'))
  await assert.rejects(lookup('silent.example', 't'), /DNS gave no answer about silent.example within 300 ms/)
})

test('many silent names of one tenant: another tenant’s name is found while they are all unanswered', async () => {
  const silent = Array.from({ length: 60 }, (_, n) => `silent-${n}.example`)
  await using dns = await dnsServer({
    ...Object.fromEntries(silent.map(name => [name, 'silent' as const])),
    'good.example': ['192.0.2.7'],
  })
  const lookup = createLookup({ servers: [dns.address], hostsFile: NO_HOSTS, timeoutMs: 6000 })
  let ended = 0
  const hanging = silent.map(name =>
    lookup(name, 'greedy').finally(() => {
      ended += 1
    }),
  )
  for (const each of hanging) each.catch(() => {})
  await dns.askedAbout(silent.length)
  assert.deepEqual(await lookup('good.example', 'modest'), ['192.0.2.7'])
  assert.deepEqual(await lookup('good.example', 'greedy'), ['192.0.2.7'])
  assert.equal(ended, 0)
})

test('a name of the hosts file is not asked of DNS', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'standdown-hosts-'))
  try {
    const hostsFile = join(folder, 'hosts')
    await writeFile(hostsFile, '127.0.0.1\tlocalhost # and more\n')
    await using dns = await dnsServer({ localhost: 'silent' })
    const lookup = createLookup({ servers: [dns.address], hostsFile, timeoutMs: 5000 })
    assert.ok((await lookup('localhost', 't')).includes('127.0.0.1'))
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('where no DNS server runs the system is asked, which may know names from elsewhere', async () => {
  const gone = await dnsServer({})
  await gone[Symbol.asyncDispose]()
  const lookup = createLookup({ servers: [gone.address], hostsFile: NO_HOSTS, timeoutMs: 10_000 })
  assert.ok((await lookup('localhost', 't')).length > 0)
})

test('the names of a hosts file, whatever stands between them', () => {
  const names = namesIn('# none\n127.0.0.1 localhost Box.Local\t alias #no\n\n::1 ip6-localhost\r\n10.0.0.1')
  assert.deepEqual([...names].toSorted(), ['alias', 'box.local', 'ip6-localhost', 'localhost'])
})
