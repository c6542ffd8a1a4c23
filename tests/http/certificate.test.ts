// The self-signed certificate is trusted as an authority by whoever is told to trust it. Its key must be worth nothing for any
// other host.

import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { certificateFor } from '../../server/src/http/listen/certificate.ts'
import { selfSigned } from '../support/self-signed.ts'
import { httpServer } from './http-server.ts'

const now = () => new Date()

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'standdown-certificate-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const config = (dataDir: string, more: { publicUrl?: string; host?: string } = {}) => ({
  tls: null,
  dataDir,
  publicUrl: more.publicUrl ?? null,
  host: more.host ?? '127.0.0.1',
})

const openssl = (args: readonly string[], input = '') =>
  spawnSync('openssl', args, { encoding: 'utf8', input })

/** What the certificate's key signs for another name: a certificate and its key, in files. */
function forged(place: string, authority: { cert: string; key: string }, san: string) {
  const file = (name: string) => join(place, name)
  writeFileSync(file('ca.pem'), authority.cert)
  writeFileSync(file('ca.key'), authority.key)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('leaf.key')]
  execFileSync('openssl', ['req', ...key, '-subj', '/CN=somebody', '-out', file('leaf.csr')], {
    stdio: 'pipe',
  })
  writeFileSync(file('leaf.ext'), `subjectAltName=${san}\nextendedKeyUsage=serverAuth\n`)
  const by = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', '30']
  execFileSync(
    'openssl',
    ['x509', '-req', '-in', file('leaf.csr'), ...by, '-extfile', file('leaf.ext'), '-out', file('leaf.pem')],
    { stdio: 'pipe' },
  )
  return { cert: readFileSync(file('leaf.pem'), 'utf8'), key: readFileSync(file('leaf.key'), 'utf8'), file }
}

/** What Node says to a server with that certificate, when it is told to trust `ca` by NODE_EXTRA_CA_CERTS. */
async function nodeSays(
  served: { cert: string; key: string },
  { ca, servername }: { ca: string; servername: string },
): Promise<string> {
  const server = createServer(served, (_request, response) => void response.end('fooled'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const script = `require('https').get({ host: '127.0.0.1', port: ${port}, servername: '${servername}', headers: { host: 'x' } },
    r => r.on('data', d => console.log(String(d)))).on('error', e => console.log(e.code))`
  const child = spawn(process.execPath, ['-e', script], {
    env: { NODE_EXTRA_CA_CERTS: ca },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  for await (const chunk of child.stdout) out += String(chunk)
  await new Promise(resolve => server.close(resolve))
  return out.trim()
}

test('it is an authority for its own names and addresses only, and says so critically', async t => {
  const dataDir = folder(t)
  const made = await certificateFor(
    config(dataDir, { publicUrl: 'https://desk.example:8443', host: '2001:db8::7' }),
    now,
  )
  const text = openssl(['x509', '-in', made.file, '-noout', '-text']).stdout
  assert.match(text, /Basic Constraints: critical\s+CA:TRUE, pathlen:0/)
  const [, constraints = ''] =
    /Name Constraints: critical\s+Permitted:\s+((?:(?:DNS|IP):.*\s+)+)/.exec(text) ?? []
  assert.deepEqual(
    constraints.trim().split(/\s*\n\s*/),
    [
      'DNS:localhost',
      'IP:127.0.0.1/255.255.255.255',
      'IP:0:0:0:0:0:0:0:1/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF',
      'DNS:desk.example',
      'IP:2001:DB8:0:0:0:0:0:7/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF',
    ],
    text,
  )
  for (const name of ['localhost', 'desk.example'])
    assert.equal(
      openssl(['verify', '-x509_strict', '-CAfile', made.file, '-verify_hostname', name, made.file]).status,
      0,
      name,
    )
  for (const ip of ['127.0.0.1', '::1', '2001:db8::7'])
    assert.equal(openssl(['verify', '-CAfile', made.file, '-verify_ip', ip, made.file]).status, 0, ip)
})

test('what its key signs for another host, or another address, is refused by OpenSSL and by Node', async t => {
  const made = await certificateFor(config(folder(t)), now)
  for (const [san, name] of [
    ['DNS:www.bank.example', 'www.bank.example'],
    ['DNS:localhost.bank.example', 'localhost.bank.example'],
    ['DNS:*.example', 'a.example'],
    ['DNS:localhost,DNS:www.bank.example', 'www.bank.example'],
    ['IP:192.0.2.7', '192.0.2.7'],
    ['IP:127.0.0.2', '127.0.0.2'],
    ['IP:2001:db8::1', '2001:db8::1'],
  ] as const) {
    const leaf = forged(folder(t), made, san)
    const verdict = openssl(['verify', '-CAfile', leaf.file('ca.pem'), leaf.file('leaf.pem')])
    assert.match(verdict.stdout + verdict.stderr, /permitted subtree violation/, san)
    if (san.startsWith('DNS')) {
      const said = await nodeSays(leaf, { ca: made.file, servername: name })
      // OpenSSL knows the reason (above); Node has no name for it.
      assert.match(said, /^UNSPECIFIED$|SUBTREE/, san)
      assert.notEqual(said, 'fooled', san)
    }
  }
  // So that a refusal means something: for a name of its own the same forgery is taken.
  const own = forged(folder(t), made, 'DNS:localhost')
  assert.equal(openssl(['verify', '-CAfile', own.file('ca.pem'), own.file('leaf.pem')]).status, 0)
  assert.equal(await nodeSays(own, { ca: made.file, servername: 'localhost' }), 'fooled')
})

test('one of an earlier version, whose key vouches for anybody, is made anew, and that is said', async t => {
  const dataDir = folder(t)
  const before = await selfSigned(['localhost', '127.0.0.1', '::1'], { authority: true })
  execFileSync('mkdir', ['-m', '700', join(dataDir, 'tls')])
  writeFileSync(join(dataDir, 'tls', 'cert.pem'), before.cert)
  writeFileSync(join(dataDir, 'tls', 'key.pem'), before.key, { mode: 0o600 })
  await using server = await httpServer({ env: { TLS_PORT: '0', DATA_DIR: dataDir } })
  const renewed = readFileSync(server.http.certificateFile() ?? '', 'utf8')
  assert.notEqual(renewed, before.cert)
  assert.notEqual(readFileSync(join(dataDir, 'tls', 'key.pem'), 'utf8'), before.key, 'with another key')
  assert.equal(statSync(join(dataDir, 'tls', 'key.pem')).mode & 0o777, 0o600)
  const line = server.log.map(text => JSON.parse(text)).find(each => each.reason !== undefined)
  assert.equal(line?.level, 40)
  assert.equal(line?.reason, 'its key could vouch for any host')
  assert.match(line?.msg, /made anew/)

  await using again = await httpServer({ env: { TLS_PORT: '0', DATA_DIR: dataDir } })
  assert.equal(readFileSync(again.http.certificateFile() ?? '', 'utf8'), renewed, 'once')
})
