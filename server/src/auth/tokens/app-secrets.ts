// The credentials of apps. Secrets and refresh tokens are derived from the installation's master key, the app and the generation of its
// secret. So they can be shown again and are stored nowhere, and a new generation makes all of them void. Whoever can read the master
// key can also read the signing keys beside it, so deriving adds no risk.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Random } from '../../core/ids.ts'
import type { App } from '../directory/directory.ts'

type AppSecret = Pick<App, 'id' | 'secretGeneration' | 'secret'>

/** The derived secret of an app. An app with a secret from the workspace file has none that can be shown. */
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

/** The app and instance that a refresh token names; to be verified with {@link isRefreshTokenOf}. */
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
 * A secret in the workspace file has at least 32 characters: with that much randomness a salted fast hash is as good as a slow one, and
 * some clients request tokens so often that a slow hash would cost much.
 */
export function hashSecret(secret: string, salt: Buffer): Buffer {
  return createHash('sha256').update(salt).update(secret, 'utf8').digest()
}

/** An opaque key with `prefix`, and the hash under which it is stored. */
export function makeKey(prefix: string, random: Random): { readonly key: string; readonly hash: Buffer } {
  const key = `${prefix}${Buffer.from(random(32)).toString('base64url')}`
  return { key, hash: hashKey(key) }
}

/** For 256 random bits: they cannot be guessed, so no salt is needed. */
export function hashKey(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest()
}

function derive(masterKey: Buffer, parts: readonly string[]): string {
  return createHmac('sha256', masterKey).update(parts.join('\n')).digest('base64url')
}

/** Takes a time that depends neither on where the two differ nor on the length of ours. */
function sameText(ours: string, given: string): boolean {
  return timingSafeEqual(hashKey(ours), hashKey(given))
}

function guid(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
