// Which addresses a webhook may reach. Everything that is not the public internet is refused, unless the tenant's
// allow-list has it. The resolved address is checked at every attempt, and the connection goes to exactly that address. So a name
// whose address changes in between cannot evade the check.

import ipaddr from 'ipaddr.js'
import { portOf } from '../../core/effects/lane.ts'
import { hostOf } from './endpoint.ts'

/** An allow-list, read: what `allowed(tenant)` gives. */
export type AllowList = {
  readonly hosts: ReadonlySet<string>
  readonly ranges: readonly (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[]
  /** The single addresses among the ranges, as `ipaddr.process` writes them. */
  readonly addresses: ReadonlySet<string>
}

/**
 * The metadata services of clouds. They give the identity and the passwords of the machine to everybody who can reach them.
 * Most are in ranges that are refused anyway. A range or a name on an allow-list does not include them: each has to be listed itself.
 */
const METADATA: ReadonlySet<string> = new Set([
  // AWS, Azure, Google, DigitalOcean, Oracle and most others; AWS and Azure by IPv6; ECS tasks, EKS pods.
  '169.254.169.254',
  'fd00:ec2::254',
  'fd20:ce::254',
  '169.254.170.2',
  '169.254.170.23',
  'fd00:ec2::23',
  // Azure's agent; Oracle; Alibaba; Scaleway; Tencent; OpenStack.
  '168.63.129.16',
  '192.0.0.192',
  '100.100.100.200',
  '169.254.42.42',
  'fd00:42::42',
  '169.254.0.23',
  'fe80::a9fe:a9fe',
])

/**
 * Reads entries of the forms `host`, `host:port`, `[v6]:port`, an address, and CIDR (`10.1.0.0/16`, `fd00::/8`). A host
 * allows every address that its name resolves to; an address or CIDR allows every name that resolves into it. Entries that
 * are none of these allow nothing.
 */
export function readAllowList(entries: readonly string[]): AllowList {
  const hosts = new Set<string>()
  const ranges: [ipaddr.IPv4 | ipaddr.IPv6, number][] = []
  const addresses = new Set<string>()
  for (const entry of entries) {
    const text = entry.trim().toLowerCase()
    if (ipaddr.isValidCIDR(text)) ranges.push(ipaddr.parseCIDR(text))
    else if (isAddress(text)) {
      const address = ipaddr.process(text)
      ranges.push([address, address.kind() === 'ipv4' ? 32 : 128])
      addresses.add(address.toString())
    } else if (text !== '') hosts.add(text)
  }
  return { hosts, ranges, addresses }
}

/** True when the name itself is on the list. `host` without brackets. */
export function allowsHost(list: AllowList, host: string, port: number): boolean {
  const bracketed = host.includes(':') ? `[${host}]` : host
  return list.hosts.has(host) || list.hosts.has(`${bracketed}:${port}`)
}

/** Null when a webhook may go to this address; else what kind of address it is, for the error. */
export function refusedAddress(address: string, list: AllowList): string | null {
  if (!isAddress(address)) return 'no address'
  // An IPv4 address written as IPv6 (::ffff:127.0.0.1) is judged as the address that it reaches.
  const parsed = ipaddr.process(address)
  if (isMetadata(address) && !list.addresses.has(parsed.toString())) return 'metadata of a cloud'
  for (const [range, bits] of list.ranges) {
    if (range.kind() === parsed.kind() && parsed.match(range as never, bits)) return null
  }
  const kind = parsed.range()
  if (kind !== 'unicast') return kind
  // Global unicast is 2000::/3 and nothing else (IANA): `::a.b.c.d` and whatever is still unassigned stay out.
  if (parsed.kind() === 'ipv6' && !parsed.match(GLOBAL_UNICAST as never, 3)) return 'not global'
  return null
}

/** True for an address that no name and no range on an allow-list includes. */
export function isMetadata(address: string): boolean {
  if (!isAddress(address)) return false
  const parsed = ipaddr.process(address)
  if (METADATA.has(parsed.toString())) return true
  // As a gateway from IPv6 to IPv4 reaches it (NAT64, RFC 6052).
  if (parsed.kind() !== 'ipv6' || parsed.range() !== 'rfc6052') return false
  return METADATA.has(parsed.toByteArray().slice(-4).join('.'))
}

/**
 * Why no webhook to this URL can ever be sent, as far as this can be known without a look-up; null when one may be. The address of
 * a name is known only at each attempt.
 */
export function refusedTarget(url: URL, list: AllowList): string | null {
  const host = hostOf(url)
  if (allowsHost(list, host, portOf(url))) return null
  const named = /^(.+\.)?localhost$/.test(host)
  const refusals = (named ? ['127.0.0.1', '::1'] : [host]).map(address => refusedAddress(address, list))
  if (!named && !isAddress(host)) return HOST.test(host) ? null : `${host} is no host`
  const kind = refusals.includes(null) ? null : refusals[0]!
  return kind === null ? null : `${host} is not on the public internet (${kind})`
}

/** Whether `readAllowList` understands it. */
export function isAllowEntry(entry: string): boolean {
  const text = entry.trim().toLowerCase()
  if (ipaddr.isValidCIDR(text) || isAddress(text)) return true
  const match = /^(?:\[([0-9a-f:.]+)\]|([^[\]:/]+))(?::(\d{1,5}))?$/.exec(text)
  if (!match) return false
  const [, v6, host, port] = match
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535)) return false
  if (v6 !== undefined) return isAddress(v6) && port !== undefined
  // An incomplete address would be read as a name.
  return HOST.test(host!) && (!/^[\d.]+$/.test(host!) || isAddress(host!))
}

const HOST = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/
const GLOBAL_UNICAST = ipaddr.parse('2000::')

// Dotted decimal with four parts, or IPv6 without a zone: what a resolver answers. `ipaddr.isValid` alone takes 127.1 too.
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes('%'))
}
