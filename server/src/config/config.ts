// The settings: reads the environment once, into one value, and reports everything that is wrong with it.
// Nothing else in the server reads process.env for its settings. This room must not know another room but
// core, and it must not open or start anything.

import { isIP } from 'node:net'
import { isAbsolute, resolve } from 'node:path'
import { DEFAULT_LEASE_MS } from '../core/lease.ts'
import { readMailbox } from '../core/mail-address.ts'

export type Config = {
  /** TCP port of plain HTTP; 0: chosen by the system. Default 7700. */
  readonly port: number
  /** TCP port of HTTPS; 0: chosen by the system; null: no HTTPS (`TLS_PORT=off`). Default 7743. */
  readonly tlsPort: number | null
  /** Address to listen on. Default 127.0.0.1. */
  readonly host: string
  /** Origin that every link and the issuer begin with, no slash at the end; null: http://HOST:PORT, known after listen. */
  readonly publicUrl: string | null
  /** Absolute path. Default ./data. */
  readonly dataDir: string
  /** A PostgreSQL of your own; null: the embedded one. */
  readonly databaseUrl: string | null
  /** Where mail goes (smtp:// or smtps://); null: mail is kept and shown. */
  readonly smtpUrl: string | null
  /** Default `Standdown <standdown@localhost>`. */
  readonly mailFrom: string
  /** An outside issuer of people's tokens; null: the built-in one. */
  readonly oidcIssuer: string | null
  /** The audience that tokens of the outside issuer must name; null: the public URL. */
  readonly oidcAudience: string | null
  /** The peers whose X-Forwarded-* headers are believed: addresses and networks; true: every peer; false: none. */
  readonly trustProxy: boolean | readonly string[]
  /** Origins whose scripts may call the APIs; ['*']: all. Default none. */
  readonly corsOrigins: readonly string[]
  /** How long finished work is kept, milliseconds; null: for ever. Default 90 days. */
  readonly retentionMs: number | null
  /** 'auto' when DEMO is not set: on, unless this installation ever ran without the demo. */
  readonly demo: 'on' | 'off' | 'auto'
  /** Files with certificate chain and key in PEM; null: self-signed ones in DATA_DIR. Both or neither. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null
  readonly logLevel: LogLevel
  /** With an https PUBLIC_URL: the max-age of Strict-Transport-Security, seconds; 0: the header is not sent. Default a day. */
  readonly hstsSeconds: number
  /** A bearer token with which a monitor reads /metrics; null: none. */
  readonly metricsToken: string | null
  /** How long after a process was lost other processes take over what it was running, milliseconds. Default 15 s. */
  readonly leaseMs: number
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Names everything that is wrong with the environment, not only the first mistake. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(
      `The environment has ${problems.length === 1 ? 'a bad value' : 'bad values'}:\n${problems.map(p => `  ${p}`).join('\n')}`,
    )
    this.problems = problems
  }
}

type Env = { readonly [name: string]: string | undefined }

/** Pure. `cwd`: what relative paths are relative to. @throws ConfigError listing every bad value. */
export function readConfig(env: Env, cwd: string): Config {
  const problems: string[] = []
  const text = (name: string): string | null => {
    const value = env[name]?.trim()
    return value === undefined || value === '' ? null : value
  }
  const read = <T>(name: string, fallback: T, parse: (value: string) => T | Problem): T => {
    const value = text(name)
    if (value === null) return fallback
    const parsed = parse(value)
    if (!(parsed instanceof Problem)) return parsed
    problems.push(`${name}=${SECRET.has(name) ? '…' : value}: ${parsed.text}`)
    return fallback
  }
  const path = (value: string): string => (isAbsolute(value) ? value : resolve(cwd, value))

  const certFile = read('TLS_CERT', null, path)
  const keyFile = read('TLS_KEY', null, path)
  if ((certFile === null) !== (keyFile === null)) problems.push('TLS_CERT and TLS_KEY: give both or neither')

  const config: Config = {
    port: read('PORT', 7700, parsePort),
    tlsPort: read<number | null>('TLS_PORT', 7743, value => (value === 'off' ? null : parsePort(value))),
    host: read('HOST', '127.0.0.1', parseHost),
    publicUrl: read('PUBLIC_URL', null, parseOrigin),
    dataDir: read('DATA_DIR', resolve(cwd, 'data'), path),
    databaseUrl: read('DATABASE_URL', null, value => parseUrl(value, ['postgres:', 'postgresql:'])),
    smtpUrl: read('SMTP_URL', null, value => parseUrl(value, ['smtp:', 'smtps:'])),
    mailFrom: read('MAIL_FROM', 'Standdown <standdown@localhost>', parseMailFrom),
    oidcIssuer: read('OIDC_ISSUER', null, parseIssuer),
    oidcAudience: text('OIDC_AUDIENCE'),
    trustProxy: read('TRUST_PROXY', false, parseTrustProxy),
    corsOrigins: read('CORS_ORIGINS', [], parseOrigins),
    retentionMs: read<number | null>('RETENTION', 90 * DAY, parseRetention),
    demo: read('DEMO', 'auto', parseSwitch),
    tls: certFile !== null && keyFile !== null ? { certFile, keyFile } : null,
    logLevel: read('LOG_LEVEL', 'warn', parseLogLevel),
    hstsSeconds: read('HSTS', DAY / 1000, parseHsts),
    metricsToken: read('METRICS_TOKEN', null, parseMetricsToken),
    leaseMs: read('STANDDOWN_LEASE_MS', DEFAULT_LEASE_MS, parseLease),
  }
  if (config.port !== 0 && config.port === config.tlsPort)
    problems.push('PORT and TLS_PORT must not be the same')
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config)
}

/** True for an address or name that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  return (
    bare === 'localhost' ||
    bare.endsWith('.localhost') ||
    bare === '::1' ||
    (isIP(bare) === 4 && bare.startsWith('127.'))
  )
}

class Problem {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

// Their values may hold a password and are not repeated in an error.
const SECRET = new Set(['DATABASE_URL', 'SMTP_URL', 'METRICS_TOKEN'])
const HOUR = 3_600_000
const DAY = 24 * HOUR

function parsePort(value: string): number | Problem {
  const port = Number(value)
  return /^\d{1,5}$/.test(value) && port <= 65_535 ? port : new Problem('not a port (0 to 65535)')
}

function parseHost(value: string): string | Problem {
  const bare = value.replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(bare)) return bare
  return new Problem('not an address or a host name')
}

function parseOrigin(value: string): string | Problem {
  const url = urlOf(value)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return new Problem('not an http or https URL')
  if (url.username !== '' || url.password !== '') return new Problem('must not hold a user or password')
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return new Problem('must be an origin without a path')
  return url.origin
}

function parseUrl(value: string, protocols: readonly string[]): string | Problem {
  const url = urlOf(value)
  return url && protocols.includes(url.protocol)
    ? value
    : new Problem(`not a URL that begins with ${protocols.map(p => `${p}//`).join(' or ')}`)
}

function parseIssuer(value: string): string | Problem {
  const url = urlOf(value)
  if (url === null || url.search + url.hash !== '') return new Problem('not an issuer URL')
  // An attacker on the network could impersonate an issuer that is reached over plain HTTP.
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return value
  return new Problem('must be https (http is accepted for loopback only)')
}

function parseMailFrom(value: string): string | Problem {
  return readMailbox(value) ? value : new Problem('not an address such as `Name <name@example.org>`')
}

function parseTrustProxy(value: string): boolean | readonly string[] | Problem {
  const word = value.toLowerCase()
  if (word === 'off' || word === 'false' || word === '0') return false
  if (word === 'all') return true
  const parts = list(value)
  const good = parts.every(part => {
    const [address, bits] = part.split('/')
    const family = isIP(address ?? '')
    if (part === 'loopback' || part === 'linklocal' || part === 'uniquelocal') return true
    if (family === 0) return false
    return bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  })
  return good ? parts : new Problem('not `off`, `all`, `loopback`, or a list of addresses and networks')
}

function parseOrigins(value: string): readonly string[] | Problem {
  if (value === '*') return ['*']
  const origins: string[] = []
  for (const part of list(value)) {
    const origin = parseOrigin(part)
    if (origin instanceof Problem) return new Problem(`${part}: ${origin.text}`)
    origins.push(origin)
  }
  return origins
}

function parseRetention(value: string): number | null | Problem {
  if (value === 'forever') return null
  const match = /^(\d{1,6})\s*(h|d|hours?|days?)$/i.exec(value)
  if (!match) return new Problem('not `forever` or a time such as `90d` or `36h`')
  const ms = Number(match[1]) * (match[2]!.toLowerCase().startsWith('h') ? HOUR : DAY)
  // A caller that repeats a request must get the first receipt again, so that request must still be known.
  return ms < DAY ? new Problem('less than a day') : ms
}

function parseHsts(value: string): number | Problem {
  if (value === 'off') return 0
  const match = /^(\d{1,4})\s*(h|d|hours?|days?)$/i.exec(value)
  if (!match) return new Problem('not `off` or a time such as `1d` or `365d`')
  return (Number(match[1]) * (match[2]!.toLowerCase().startsWith('h') ? HOUR : DAY)) / 1000
}

function parseMetricsToken(value: string): string | Problem {
  return /^[\w.~+/=-]{16,512}$/.test(value) ? value : new Problem('not 16 to 512 letters, digits and -._~+/=')
}

function parseSwitch(value: string): 'on' | 'off' | Problem {
  const word = value.toLowerCase()
  if (word === 'on' || word === 'true' || word === '1') return 'on'
  if (word === 'off' || word === 'false' || word === '0') return 'off'
  return new Problem('not `on` or `off`')
}

function parseLease(value: string): number | Problem {
  const ms = Number(value)
  return /^\d{3,6}$/.test(value) && ms >= 500 ? ms : new Problem('not milliseconds, 500 to 999999')
}

function parseLogLevel(value: string): LogLevel | Problem {
  return (
    LOG_LEVELS.find(level => level === value.toLowerCase()) ??
    new Problem(`not one of ${LOG_LEVELS.join(', ')}`)
  )
}

function list(value: string): readonly string[] {
  return value
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
}

function urlOf(value: string): URL | null {
  return URL.canParse(value) ? new URL(value) : null
}
