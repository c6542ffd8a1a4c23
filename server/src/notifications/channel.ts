// Channel providers: pages of telephone and chat vendors that run framed in an agent's desktop, from the workspace file.

import { SettingReader } from './setting-reader.ts'

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

/** Reads one channel of the workspace file. Throws an Error that names the setting. */
export function readChannel(source: unknown): Channel {
  const read = new SettingReader(source, 'channel')
  const uniqueName = read.text('uniqueName', { max: 64, pattern: UNIQUE_NAME })
  const address = read.text('address', { max: 2048 })
  const trustedDomain = read.text('trustedDomain', { max: 2048, fallback: '' }) || null
  if (address !== DEMO_SOFTPHONE && webOrigin(address) === null)
    throw read.wrong('address', 'has to be an http or https address')
  if (trustedDomain !== null && webOrigin(trustedDomain) === null)
    throw read.wrong('trustedDomain', 'has to be an http or https address')
  const app = read.text('app', { max: 200, fallback: '' })
  const channel: Channel = {
    uniqueName,
    label: read.text('label', { max: 100, fallback: uniqueName }),
    address,
    trustedDomain,
    allow: read.text('allow', { max: 1000, fallback: DEFAULT_ALLOW }),
    sandbox: read.text('sandbox', { max: 1000, fallback: DEFAULT_SANDBOX }),
    agents: read.list('agents', 10_000).map(each => {
      if (typeof each !== 'string') throw read.wrong('agents', 'has to be a list of user principal names')
      return each.toLowerCase()
    }),
    ...(app === '' ? {} : { app }),
  }
  read.noMore()
  return channel
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
