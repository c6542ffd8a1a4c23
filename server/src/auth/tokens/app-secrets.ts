// What an app proves itself with. Secrets and refresh tokens are derived from the installation's master key, the app and
// its secret's generation, so they can be shown again and are stored nowhere; a new generation makes all of them void. Whoever can
// read the master key can read the signing keys beside it as well, so deriving gives nothing away.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Random } from '../../core/ids.ts'
import type { App } from '../directory/directory.ts'

export type AppSecret = Pick<App, 'id' | 'secretGeneration' | 'secret'>

/** The derived secret of an app. An app with a secret of its own (from the workspace file) has none that can be shown. */
export function deriveSecret(masterKey: Buffer, app: Pick<App, 'id' | 'secretGeneration'>): string {
  return `sds_${derive(masterKey, ['app-secret', app.id, String(app.secretGeneration)])}`
}

export function isSecretOf(masterKey: Buffer, app: AppSecret, given: string): boolean {
  if (app.secret) return timingSafeEqual(hashSecret(given, app.secret.salt), app.secret.hash)
  return sameText(deriveSecret(masterKey, app), given)
}

/** Wix's refresh token: the app at one site instance. */
export function deriveRefreshToken(
  masterKey: Buffer,
  app: Pick<App, 'id' | 'secretGeneration'>,
  instanceId: string,
): string {
  const proof = derive(masterKey, ['refresh-token', app.id, String(app.secretGeneration), instanceId])
  return `sdr_${app.id.replaceAll('-', '')}${instanceId.replaceAll('-', '')}_${proof}`
}

/** Whose a refresh token says it is; to be proven with {@link isRefreshTokenOf}. */
export function readRefreshToken(
  token: string,
): { readonly appId: string; readonly instanceId: string } | null {
  const match = /^sdr_([0-9a-f]{32})([0-9a-f]{32})_[\w-]{43}$/.exec(token)
  return match ? { appId: guid(match[1]!), instanceId: guid(match[2]!) } : null
}

export function isRefreshTokenOf(
  masterKey: Buffer,
  app: Pick<App, 'id' | 'secretGeneration'>,
  given: { readonly token: string; readonly instanceId: string },
): boolean {
  return sameText(deriveRefreshToken(masterKey, app, given.instanceId), given.token)
}

/**
 * A secret that the workspace file gives is at least 32 characters long: for that much randomness a salted hash is as
 * good as a slow one, and every token request of some clients pays for it.
 */
export function hashSecret(secret: string, salt: Buffer): Buffer {
  return createHash('sha256').update(salt).update(secret, 'utf8').digest()
}

/** An opaque key with `prefix`, and the hash under which it is kept. */
export function makeKey(prefix: string, random: Random): { readonly key: string; readonly hash: Buffer } {
  const key = `${prefix}${Buffer.from(random(32)).toString('base64url')}`
  return { key, hash: hashKey(key) }
}

/** For 256 random bits: nothing to guess, so no salt. */
export function hashKey(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest()
}

function derive(masterKey: Buffer, parts: readonly string[]): string {
  return createHmac('sha256', masterKey).update(parts.join('\n')).digest('base64url')
}

/** In a time that does not depend on where they differ, nor on the length of ours. */
function sameText(ours: string, given: string): boolean {
  return timingSafeEqual(hashKey(ours), hashKey(given))
}

function guid(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
