// A self-signed certificate for a server of a test.

import { KeyObject, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import {
  BasicConstraintsExtension,
  type Extension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** PEM. `authority`: one that may sign for anybody. */
export async function selfSigned(
  names: readonly string[],
  { authority = false } = {},
): Promise<{ readonly cert: string; readonly key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const altNames = names.map(name => ({ type: isIP(name) ? ('ip' as const) : ('dns' as const), value: name }))
  const extensions: Extension[] = [new SubjectAlternativeNameExtension(altNames)]
  if (authority) extensions.push(new BasicConstraintsExtension(true, 0, true))
  const made = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 400 * 86_400_000),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    keys,
    extensions,
  })
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' })
  return { cert: made.toString('pem'), key: String(key) }
}
