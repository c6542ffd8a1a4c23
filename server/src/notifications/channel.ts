// Channel providers: pages of telephone and chat vendors that run framed in an agent's desktop, from the workspace file.

import { ADDRESS_FORM, isAddress, mailboxKey } from '../core/mail-address.ts'
import { type FilePosition, SettingReader } from '../core/setting-reader.ts'

export type Channel = {
  /** Part of the keys of offers: letters, digits, `_`, `-`, `.`; at most 64. */
  readonly uniqueName: string
  readonly label: string
  /** The provider's page. `demo:softphone` is this server's own demonstration page. */
  readonly address: string
  /** Messages are accepted from this origin only. Default: the origin of the address. */
  readonly trustedDomain: string | null
  /** Permissions policy of the frame. */
  readonly allow: string
  readonly sandbox: string
  /** User principal names; empty: every agent. */
  readonly agents: readonly string[]
  /** Name of the app by which the provider's own server calls; left out: no app may call. */
  readonly app?: string
}

/** The address of a channel as a page can use it. */
export type OpenChannel = Channel & { readonly url: string; readonly origin: string }

export const DEMO_SOFTPHONE = 'demo:softphone'

const UNIQUE_NAME = /^[\w.-]{1,64}$/
const DEFAULT_ALLOW = 'microphone; autoplay; clipboard-write'
const DEFAULT_SANDBOX = 'allow-scripts allow-same-origin allow-popups allow-forms'

const SETTINGS = [
  'uniqueName',
  'label',
  'address',
  'trustedDomain',
  'allow',
  'sandbox',
  'agents',
  'app',
] as const

/** Reads one channel of the workspace file; null when it is not an object. Mistakes are noted. */
export function readChannel(source: unknown, position: FilePosition): Channel | null {
  const read = new SettingReader(source, SETTINGS, position)
  if (!read.isThere) return null
  const uniqueName = read.text('uniqueName', {
    maxLength: 64,
    pattern: [UNIQUE_NAME, '1 to 64 letters, digits, dots, dashes or underscores'],
  })
  const address = read.text('address', { maxLength: 2048 })
  const trustedDomain = read.text('trustedDomain', { maxLength: 2048, fallback: '' }) || null
  if (address !== '' && address !== DEMO_SOFTPHONE && webOrigin(address) === null)
    read.addMistake('address', 'is not an address of the web', `https://… or ${DEMO_SOFTPHONE}`)
  if (trustedDomain !== null && webOrigin(trustedDomain) === null)
    read.addMistake('trustedDomain', 'is not an address of the web', 'https://…')
  const app = read.text('app', { maxLength: 200, fallback: '' })
  return {
    uniqueName,
    label: read.text('label', { maxLength: 100, fallback: uniqueName, anyCharacters: true }),
    address,
    trustedDomain,
    allow: read.text('allow', { maxLength: 1000, fallback: DEFAULT_ALLOW }),
    sandbox: read.text('sandbox', { maxLength: 1000, fallback: DEFAULT_SANDBOX }),
    agents: read.list('agents', 10_000).flatMap((upn, i) => {
      if (isAddress(upn)) return [mailboxKey(upn as string)]
      const { path, mistakes } = read.position('agents', i)
      mistakes.add({ path, problem: 'is not a userPrincipalName', accepted: ADDRESS_FORM })
      return []
    }),
    ...(app === '' ? {} : { app }),
  }
}

/** Null when the channel cannot be opened now (the demo's page is not running). */
export function openChannel(channel: Channel, softphoneOrigin: string | null): OpenChannel | null {
  const url = channel.address === DEMO_SOFTPHONE ? softphoneOrigin && `${softphoneOrigin}/` : channel.address
  if (!url) return null
  const origin = webOrigin(channel.trustedDomain ?? url)
  return origin === null ? null : { ...channel, url, origin }
}

/** The origin, port included, of an http(s) address; null for anything else. */
export function webOrigin(address: string): string | null {
  const url = URL.canParse(address) ? new URL(address) : null
  return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url.origin : null
}
