// The certificate of HTTPS: the operator's own, or a self-signed one that is made at the first start and kept. Most programs can
// trust a self-signed certificate only as an authority. So it carries name constraints: clients refuse what its key might sign for
// another host.

import { KeyObject, webcrypto, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { Config } from '../../config/config.ts'

/** PEM texts; `file`: where clients find the certificate (NODE_EXTRA_CA_CERTS, curl --cacert). */
export type Certificate = { readonly cert: string; readonly key: string; readonly file: string }

const DAY_MS = 86_400_000
// Apple's platforms refuse server certificates that live longer than 825 days.
const LIFETIME_DAYS = 820
const RENEW_BEFORE_DAYS = 30

/** `onRenewed` gets the reason when an existing certificate is replaced. @throws Error that says what to do, when TLS_CERT or TLS_KEY cannot be used. */
export async function certificateFor(
  config: Pick<Config, 'tls' | 'dataDir' | 'publicUrl' | 'host'>,
  now: () => Date,
  onRenewed: (file: string, reason: string) => void = () => {},
): Promise<Certificate> {
  if (config.tls) return readOwn(config.tls.certFile, config.tls.keyFile)
  const folder = join(config.dataDir, 'tls')
  const certFile = join(folder, 'cert.pem')
  const keyFile = join(folder, 'key.pem')
  const names = namesOf(config)
  if (existsSync(certFile) && existsSync(keyFile)) {
    const cert = readFileSync(certFile, 'utf8')
    const fault = faultOf(cert, names, now())
    if (fault === null) return { cert, key: readFileSync(keyFile, 'utf8'), file: certFile }
    onRenewed(certFile, fault)
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const made = await makeSelfSigned(names, now())
  writeWhole(keyFile, made.key, 0o600)
  writeWhole(certFile, made.cert, 0o644)
  return { ...made, file: certFile }
}

function readOwn(certFile: string, keyFile: string): Certificate {
  try {
    const cert = readFileSync(certFile, 'utf8')
    const key = readFileSync(keyFile, 'utf8')
    new X509Certificate(cert)
    return { cert, key, file: certFile }
  } catch (error) {
    throw new Error(`TLS_CERT=${certFile}, TLS_KEY=${keyFile}: cannot be read as PEM files`, { cause: error })
  }
}

/** Names that clients on this machine use, and names from the settings. Never the host name of a vendor, unless the settings give it. */
function namesOf(config: Pick<Config, 'publicUrl' | 'host'>): readonly string[] {
  const names = ['localhost', '127.0.0.1', '::1']
  if (config.publicUrl !== null) names.push(new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, ''))
  if (config.host !== '0.0.0.0' && config.host !== '::') names.push(config.host)
  return [...new Set(names)]
}

/** Why a certificate that was made here cannot be used any more; null when it can. */
function faultOf(pem: string, names: readonly string[], now: Date): string | null {
  try {
    const cert = new X509Certificate(pem)
    if (!cert.raw.includes(NAME_CONSTRAINTS_OID)) return 'its key could vouch for any host'
    if (cert.validToDate.getTime() <= now.getTime() + RENEW_BEFORE_DAYS * DAY_MS) return 'it expires soon'
    const missing = names.find(name => (isIP(name) ? cert.checkIP(name) : cert.checkHost(name)) === undefined)
    return missing === undefined ? null : `it is not for ${missing}`
  } catch {
    return 'it cannot be read'
  }
}

async function makeSelfSigned(names: readonly string[], now: Date): Promise<{ cert: string; key: string }> {
  // Imported only when a certificate is made: it takes a tenth of a second to load.
  const x509 = await import('@peculiar/x509')
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ['Standdown on this machine'] }],
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + LIFETIME_DAYS * DAY_MS),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    keys,
    extensions: [
      // A listed certificate is trusted as an authority, so it has to be one. Path length 0: it signs no further authority.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      // RFC 5280 requires it of an authority, and strict clients check it (Python 3.13).
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      new x509.Extension(NAME_CONSTRAINTS, true, constraintsTo(names)),
      new x509.SubjectAlternativeNameExtension(
        names.map(name => ({ type: isIP(name) ? ('ip' as const) : ('dns' as const), value: name })),
      ),
    ],
  })
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' })
  return { cert: `${made.toString('pem')}\n`, key: String(key) }
}

const NAME_CONSTRAINTS = '2.5.29.30'
const NAME_CONSTRAINTS_OID = Buffer.from('0603551d1e', 'hex')

/** RFC 5280, 4.2.1.10: permits these names (and names below them) and these addresses, and no others. */
function constraintsTo(names: readonly string[]): Buffer {
  const subtrees = names.map(name => {
    const family = isIP(name)
    if (family === 0) return der(0x30, der(0x82, Buffer.from(name, 'ascii')))
    const address = addressBytes(name, family)
    return der(0x30, der(0x87, Buffer.concat([address, Buffer.alloc(address.length, 0xff)])))
  })
  return der(0x30, der(0xa0, Buffer.concat(subtrees)))
}

function addressBytes(address: string, family: number): Buffer {
  if (family === 4) return Buffer.from(address.split('.').map(Number))
  // URL normalizes the address: no IPv4 part, and at most one `::`.
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16))
  const [left, right] = [groups(head), groups(tail)]
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right]
  return Buffer.from(all.flatMap(group => [group >> 8, group & 0xff]))
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

/** Writes a new file and renames it, so that no reader sees half a file, and other users can read it at no moment. */
function writeWhole(file: string, text: string, mode: number): void {
  const temporary = `${file}.${process.pid}.new`
  rmSync(temporary, { force: true })
  writeFileSync(temporary, text, { mode, flag: 'wx' })
  renameSync(temporary, file)
}
