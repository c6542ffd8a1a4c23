// The certificate of HTTPS: the operator's own, or a self-signed one that is made at the first start and kept.

import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import selfsigned from 'selfsigned'
import type { Config } from '../config.ts'

/** PEM texts; `file`: where clients find the certificate (NODE_EXTRA_CA_CERTS, curl --cacert). */
export type Certificate = { readonly cert: string; readonly key: string; readonly file: string }

const DAY_MS = 86_400_000
// Apple's platforms refuse server certificates that live longer than 825 days.
const LIFETIME_DAYS = 820
const RENEW_BEFORE_DAYS = 30

/** @throws Error that says what to do, when TLS_CERT or TLS_KEY cannot be used. */
export async function certificateFor(
  config: Pick<Config, 'tls' | 'dataDir' | 'publicUrl' | 'host'>,
  now: () => Date,
): Promise<Certificate> {
  if (config.tls) return readOwn(config.tls.certFile, config.tls.keyFile)
  const folder = join(config.dataDir, 'tls')
  const certFile = join(folder, 'cert.pem')
  const keyFile = join(folder, 'key.pem')
  const names = namesOf(config)
  if (existsSync(certFile) && existsSync(keyFile)) {
    const cert = readFileSync(certFile, 'utf8')
    if (isUsable(cert, names, now())) return { cert, key: readFileSync(keyFile, 'utf8'), file: certFile }
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

/** Names that clients on this machine use, and those that the operator gave. Never a vendor's: that has to be asked for. */
function namesOf(config: Pick<Config, 'publicUrl' | 'host'>): readonly string[] {
  const names = ['localhost', '127.0.0.1', '::1']
  if (config.publicUrl !== null) names.push(new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, ''))
  if (config.host !== '0.0.0.0' && config.host !== '::') names.push(config.host)
  return [...new Set(names)]
}

function isUsable(pem: string, names: readonly string[], now: Date): boolean {
  try {
    const cert = new X509Certificate(pem)
    const good = names.every(name => (isIP(name) ? cert.checkIP(name) : cert.checkHost(name)) !== undefined)
    return good && cert.validToDate.getTime() > now.getTime() + RENEW_BEFORE_DAYS * DAY_MS
  } catch {
    return false
  }
}

async function makeSelfSigned(names: readonly string[], now: Date): Promise<{ cert: string; key: string }> {
  const made = await selfsigned.generate([{ name: 'commonName', value: 'Standdown on this machine' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(now.getTime() - DAY_MS),
    notAfterDate: new Date(now.getTime() + LIFETIME_DAYS * DAY_MS),
    extensions: [
      // A certificate that is trusted by being listed has to be allowed to vouch for itself, and for nobody else.
      { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map(name =>
          isIP(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
        ),
      },
    ],
  })
  return { cert: made.cert, key: made.private }
}

/** Never half a file, and never readable by others in between. */
function writeWhole(file: string, text: string, mode: number): void {
  const temporary = `${file}.${process.pid}.new`
  rmSync(temporary, { force: true })
  writeFileSync(temporary, text, { mode, flag: 'wx' })
  renameSync(temporary, file)
}
