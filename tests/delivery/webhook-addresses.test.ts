// Where webhooks may not go. The table is the point: every kind of address that is not the public internet, in every
// spelling that a URL or a resolver can give it.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { allowsHost, readAllowList, refusedAddress } from '../../server/src/delivery/webhook/address-guard.ts'
import { hostOf } from '../../server/src/delivery/webhook/endpoint.ts'
import { httpReceiver } from '../support/http-receiver.ts'
import { calm, startedEffect } from './started-effect.ts'
import { errorOf, webhookCarriers } from './webhook-receiver.ts'

const NOTHING = readAllowList([])

const REFUSED = [
  ['0.0.0.0', 'this host'],
  ['0.1.2.3', 'this network'],
  ['10.0.0.1', 'private'],
  ['100.64.0.1', 'carrier-grade NAT'],
  ['100.100.100.200', 'metadata of a cloud'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['169.254.1.1', 'link-local'],
  ['169.254.169.254', 'metadata of most clouds'],
  ['169.254.170.2', 'metadata of containers'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.0.0.192', 'metadata of a cloud'],
  ['192.0.2.1', 'documentation'],
  ['192.168.1.1', 'private'],
  ['198.18.0.1', 'benchmarking'],
  ['198.51.100.7', 'documentation'],
  ['203.0.113.7', 'documentation'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.250', 'multicast'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.255', 'broadcast'],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['::127.0.0.1', 'IPv4-compatible'],
  ['::ffff:127.0.0.1', 'IPv4-mapped'],
  ['::ffff:7f00:1', 'IPv4-mapped'],
  ['::ffff:10.0.0.1', 'IPv4-mapped'],
  ['::ffff:169.254.169.254', 'IPv4-mapped'],
  ['::ffff:0:127.0.0.1', 'IPv4-translated'],
  ['64:ff9b::7f00:1', 'NAT64'],
  ['64:ff9b:1::1', 'NAT64, local'],
  ['100::1', 'discard'],
  ['2001::1', 'Teredo'],
  ['2001:db8::1', 'documentation'],
  ['2002:7f00:1::', '6to4 of loopback'],
  ['3fff::1', 'documentation'],
  ['5f00::1', 'segment routing'],
  ['fc00::1', 'unique local'],
  ['fd00:ec2::254', 'metadata of a cloud'],
  ['fe80::1', 'link-local'],
  ['fe80::1%eth0', 'link-local with a zone'],
  ['fec0::1', 'site-local'],
  ['ff02::1', 'multicast'],
  ['4000::1', 'unassigned'],
  ['nonsense', 'no address'],
  ['127.1', 'no address as a resolver gives it'],
] as const

suite('an address', () => {
  for (const [address, what] of REFUSED) {
    test(`${address} (${what}) is refused`, () => {
      assert.equal(typeof refusedAddress(address, NOTHING), 'string')
    })
  }

  for (const address of [
    '8.8.8.8',
    '1.1.1.1',
    '100.63.255.255',
    '100.128.0.1',
    '172.32.0.1',
    '2606:4700::1111',
    '::ffff:8.8.8.8',
  ]) {
    test(`${address} is public`, () => {
      assert.equal(refusedAddress(address, NOTHING), null)
    })
  }

  test('in IPv6 clothes is never judged more kindly than bare', () => {
    fc.assert(
      fc.property(fc.ipV4(), address => {
        assert.equal(refusedAddress(`::ffff:${address}`, NOTHING), refusedAddress(address, NOTHING))
      }),
    )
  })
})

suite('a metadata service of a cloud', () => {
  const METADATA = [
    '169.254.169.254',
    '168.63.129.16',
    'fd00:ec2::254',
    'fd20:ce::254',
    '100.100.100.200',
    '192.0.0.192',
    '169.254.170.2',
    '169.254.170.23',
    'fd00:ec2::23',
    '169.254.42.42',
    'fd00:42::42',
    '169.254.0.23',
    'fe80::a9fe:a9fe',
  ]
  const WIDE = [
    '0.0.0.0/0',
    '::/0',
    '169.254.0.0/16',
    '168.63.129.0/24',
    '100.64.0.0/10',
    'fd00::/8',
    '64:ff9b::/96',
  ]

  test('is refused, however it is written, also where a network of the allow-list has it', () => {
    for (const address of METADATA) {
      for (const list of [NOTHING, readAllowList(WIDE)]) {
        assert.equal(typeof refusedAddress(address, list), 'string', address)
        if (!address.includes(':'))
          assert.equal(typeof refusedAddress(`::ffff:${address}`, list), 'string', address)
      }
    }
    assert.equal(typeof refusedAddress('64:ff9b::a9fe:a9fe', readAllowList(WIDE)), 'string', 'by NAT64')
    assert.equal(refusedAddress('169.254.169.253', readAllowList(WIDE)), null, 'its neighbour was allowed')
    assert.equal(refusedAddress('168.63.129.17', NOTHING), null, 'and this one is public')
  })

  test('is allowed when it is listed itself', () => {
    for (const address of METADATA)
      assert.equal(refusedAddress(address, readAllowList([address])), null, address)
    assert.equal(refusedAddress('::ffff:168.63.129.16', readAllowList(['168.63.129.16'])), null)
    assert.equal(refusedAddress('fd00:ec2::254', readAllowList(['FD00:0EC2:0:0::0254'])), null)
  })

  test('is not reached by a name, though the name is on the allow-list', async () => {
    const effect = startedEffect('webhook.call', { url: 'http://crm.internal/', type: 'a.b', payload: {} })
    for (const address of METADATA) {
      using carriers = webhookCarriers({
        allowed: async () => ['crm.internal', 'crm.internal:80', ...WIDE],
        lookup: async () => [address],
        connectMs: 50,
      })
      const verdict = await carriers.call.run(effect, calm)
      assert.equal(verdict.is, 'failed', address)
      assert.match(errorOf(verdict), /metadata of a cloud/)
    }
  })
})

suite('an allow-list', () => {
  const list = readAllowList([
    'Crm.Internal',
    'erp.internal:8443',
    '10.1.0.0/16',
    '192.168.7.7',
    'fd00::/8',
    '[::1]:9000',
    '',
    ' ',
  ])
  test('allows addresses and networks', () => {
    for (const address of ['10.1.2.3', '192.168.7.7', 'fd12::1', '::ffff:10.1.2.3'])
      assert.equal(refusedAddress(address, list), null)
    for (const address of ['10.2.0.1', '192.168.7.8', '::1', '127.0.0.1'])
      assert.equal(typeof refusedAddress(address, list), 'string')
  })
  test('allows names, with their port where it says one', () => {
    assert.ok(allowsHost(list, 'crm.internal', 80) && allowsHost(list, 'crm.internal', 9999))
    assert.ok(allowsHost(list, 'erp.internal', 8443) && !allowsHost(list, 'erp.internal', 80))
    assert.ok(allowsHost(list, '::1', 9000) && !allowsHost(list, '::1', 80))
    assert.ok(!allowsHost(list, 'x.crm.internal', 80) && !allowsHost(list, '', 80))
  })
  test('is not fooled by how a URL spells a name', () => {
    for (const url of ['http://CRM.internal/', 'http://crm.internal./', 'http://user@crm.internal/']) {
      assert.equal(hostOf(new URL(url)), 'crm.internal')
    }
  })
})

suite('a webhook to a refused address', () => {
  const call = (url: string) => startedEffect('webhook.call', { url, type: 'a.b', payload: {} })

  for (const host of [
    '127.0.0.1',
    '0.0.0.0',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '１２７.0.0.1',
    'localhost',
    'LOCALHOST.',
  ]) {
    test(`http://${host} is failed, saying why, without a connection`, async () => {
      await using receiver = await httpReceiver()
      using carriers = webhookCarriers({ allowed: async () => [] })
      const verdict = await carriers.call.run(call(`http://${host}:${receiver.port}/`), calm)
      assert.equal(verdict.is, 'failed')
      assert.match(errorOf(verdict), /not on the allow-list/)
      assert.equal(receiver.connections, 0)
    })
  }

  test('is made when the allow-list names its host, its host and port, or its network', async () => {
    await using receiver = await httpReceiver()
    const url = `http://crm.internal:${receiver.port}/`
    const lookup = async () => ['127.0.0.1']
    for (const entry of ['crm.internal', `crm.internal:${receiver.port}`, '127.0.0.0/8', '127.0.0.1']) {
      using carriers = webhookCarriers({ allowed: async () => [entry], lookup })
      assert.equal((await carriers.call.run(call(url), calm)).is, 'done', entry)
    }
    for (const entry of ['crm.internal:1', 'internal', '127.0.0.2', '::1/128']) {
      using carriers = webhookCarriers({ allowed: async () => [entry], lookup })
      assert.equal((await carriers.call.run(call(url), calm)).is, 'failed', entry)
    }
  })

  test('is refused for each tenant by its own list, asked at every attempt', async () => {
    await using receiver = await httpReceiver()
    const lists = new Map([['contoso', ['127.0.0.1']]])
    using carriers = webhookCarriers({ allowed: async tenant => lists.get(tenant) ?? [] })
    const effect = call(receiver.url)
    assert.equal((await carriers.call.run(effect, calm)).is, 'done')
    assert.equal((await carriers.call.run({ ...effect, tenant: 'fabrikam' }, calm)).is, 'failed')
    lists.delete('contoso')
    assert.equal((await carriers.call.run({ ...effect, attempt: 2 }, calm)).is, 'failed')
    assert.equal(receiver.requests.length, 1)
  })

  test('cannot be reached by a name that changes its answer', async () => {
    await using receiver = await httpReceiver()
    // Public at the first question, this machine at every later one. There is no later one within an attempt, and the
    // attempt goes to the answer that was judged: an address that nobody answers at.
    let asked = 0
    const lookup = async () => (asked++ === 0 ? ['192.0.2.1'] : ['127.0.0.1'])
    using carriers = webhookCarriers({ allowed: async () => ['192.0.2.0/24'], lookup, connectMs: 50 })
    const effect = call(`http://rebind.example:${receiver.port}/`)
    assert.equal((await carriers.call.run(effect, calm)).is, 'retry')
    assert.equal(asked, 1)
    const second = await carriers.call.run({ ...effect, attempt: 2 }, calm)
    assert.equal(second.is, 'failed')
    assert.match(errorOf(second), /127\.0\.0\.1 \(loopback\)/)
    assert.equal(receiver.connections, 0)
  })

  test('is not made when a name has a refused address beside a public one', async () => {
    await using receiver = await httpReceiver()
    using carriers = webhookCarriers({
      allowed: async () => ['192.0.2.0/24'],
      lookup: async () => ['127.0.0.1', '192.0.2.1'],
      connectMs: 50,
    })
    const verdict = await carriers.call.run(call(`http://both.example:${receiver.port}/`), calm)
    assert.equal(verdict.is, 'retry')
    assert.equal(receiver.connections, 0)
  })

  test('goes on to the next address when one does not answer', async () => {
    await using receiver = await httpReceiver()
    using carriers = webhookCarriers({ lookup: async () => ['127.0.0.9', '127.0.0.1'] })
    const verdict = await carriers.call.run(call(`http://two.example:${receiver.port}/`), calm)
    assert.equal(verdict.is, 'done')
  })

  test('whose name is unknown is tried again', async () => {
    using carriers = webhookCarriers({ lookup: () => Promise.reject(new Error('getaddrinfo ENOTFOUND')) })
    const verdict = await carriers.call.run(call('http://nowhere.example/'), calm)
    assert.equal(verdict.is, 'retry')
  })

  test('is not reached by a redirect either', async () => {
    await using inner = await httpReceiver()
    await using outer = await httpReceiver()
    outer.answer = () => ({ status: 302, headers: { location: inner.url } })
    using carriers = webhookCarriers({ allowed: async () => [`127.0.0.1:${outer.port}`] })
    const verdict = await carriers.call.run(call(outer.url), calm)
    assert.equal(verdict.is, 'retry')
    assert.match(errorOf(verdict), /redirects are not followed/)
    assert.equal(inner.connections, 0)
  })
})
