// Channel providers: pages of telephone and chat vendors that run framed in an agent's desktop, from the workspace file.

import { ADDRESS_FORM, isAddress, mailboxKey } from '../core/mail-address.ts'
import { type Place, SettingReader } from '../core/setting-reader.ts'

export type Channel = {
  /** Stands in keys of offers: letters, digits, `_`, `-`, `.`; at most 64. */
  readonly uniqueName: string
  readonly label: string
  /** The provider's page. `demo:softphone` is this server's own demonstration page. */
  readonly address: string
  /** The only origin that messages are taken from; by default that of the address. */
  readonly trustedDomain: string | null
  /** Permissions policy of the frame. */
  readonly allow: string
  readonly sandbox: string
  /** User principal names; empty: every agent. */
  readonly agents: readonly string[]
  /** Name of the app by which the provider's own server calls; left out: none may. */
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

/** Reads one channel of the workspace file; null when it is no object. What is wrong is noted. */
export function readChannel(source: unknown, place: Place): Channel | null {
  const read = new SettingReader(source, SETTINGS, place)
  if (!read.isThere) return null
  const uniqueName = read.text('uniqueName', {
    most: 64,
    pattern: [UNIQUE_NAME, '1 to 64 letters, digits, dots, dashes or underscores'],
  })
  const address = read.text('address', { most: 2048 })
  const trustedDomain = read.text('trustedDomain', { most: 2048, fallback: '' }) || null
  if (address !== '' && address !== DEMO_SOFTPHONE && webOrigin(address) === null)
    read.wrong('address', 'is not an address of the web', `https://… or ${DEMO_SOFTPHONE}`)
  if (trustedDomain !== null && webOrigin(trustedDomain) === null)
    read.wrong('trustedDomain', 'is not an address of the web', 'https://…')
  const app = read.text('app', { most: 200, fallback: '' })
  return {
    uniqueName,
    label: read.text('label', { most: 100, fallback: uniqueName, anyCharacters: true }),
    address,
    trustedDomain,
    allow: read.text('allow', { most: 1000, fallback: DEFAULT_ALLOW }),
    sandbox: read.text('sandbox', { most: 1000, fallback: DEFAULT_SANDBOX }),
    agents: read.list('agents', 10_000).flatMap((upn, i) => {
      if (isAddress(upn)) return [mailboxKey(upn as string)]
      const { path, mistakes } = read.place('agents', i)
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
