// SMTP_URL → how to reach the mail server. `smtp://` (STARTTLS when offered) or `smtps://` (TLS from the first octet).

export type SmtpServer = {
  readonly host: string
  readonly port: number
  /** TLS from the first octet. */
  readonly secure: boolean
  /** No mail, and no password, without TLS. */
  readonly requireTls: boolean
  /** Do not even try STARTTLS. */
  readonly ignoreTls: boolean
  /** What we call ourselves in EHLO; null: this host's name. */
  readonly name: string | null
  readonly auth: { readonly user: string; readonly password: string } | null
  readonly tls: { readonly rejectUnauthorized: boolean; readonly servername: string | null }
}

const OPTIONS = ['requireTLS', 'ignoreTLS', 'name', 'tls.rejectUnauthorized', 'tls.servername']

/**
 * Reads `smtp[s]://[user:password@]host[:port][?options]`. Options: `requireTLS`, `ignoreTLS`, `tls.rejectUnauthorized`
 * (true or false), `tls.servername`, `name`. With a password and without `smtps`, TLS is required unless the host is this
 * machine or `requireTLS=false` says otherwise: an attacker in the middle could remove the offer of STARTTLS and read the password.
 * Throws an Error that says what is wrong and never repeats the URL, which may hold a password.
 */
export function readSmtpUrl(text: string): SmtpServer {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || (url.protocol !== 'smtp:' && url.protocol !== 'smtps:')) {
    throw new Error('SMTP_URL must look like smtp://host:port or smtps://user:password@host:port')
  }
  if (url.hostname === '') throw new Error('SMTP_URL names no host')
  for (const option of url.searchParams.keys()) {
    if (!OPTIONS.includes(option)) {
      throw new Error(
        `SMTP_URL: unknown option ${JSON.stringify(option.slice(0, 40))}; known are ${OPTIONS.join(', ')}`,
      )
    }
  }
  const secure = url.protocol === 'smtps:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const auth = url.username === '' ? null : { user: decoded(url.username), password: decoded(url.password) }
  const ignoreTls = flag(url, 'ignoreTLS') ?? false
  const requireTls =
    flag(url, 'requireTLS') ?? (auth !== null && !secure && !ignoreTls && !isThisMachine(host))
  if (requireTls && ignoreTls) throw new Error('SMTP_URL: requireTLS and ignoreTLS exclude each other')
  return {
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTls,
    ignoreTls,
    name: url.searchParams.get('name'),
    auth,
    tls: {
      rejectUnauthorized: flag(url, 'tls.rejectUnauthorized') ?? true,
      servername: url.searchParams.get('tls.servername'),
    },
  }
}

/** `text` without the server's password, plain or as AUTH sends it: servers have been seen to echo what they refuse. */
export function withoutCredentials(text: string, server: SmtpServer): string {
  if (!server.auth || server.auth.password === '') return text
  const { user, password } = server.auth
  // The longest first, so that a shorter one never replaces a part of it.
  const forms = [base64(`\0${user}\0${password}`), base64(password), encodeURIComponent(password), password]
  return forms.reduce((clean, form) => clean.replaceAll(form, '[password]'), text)
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host)
}

function flag(url: URL, option: string): boolean | null {
  const value = url.searchParams.get(option)
  if (value === null) return null
  if (value !== 'true' && value !== 'false') throw new Error(`SMTP_URL: ${option} is true or false`)
  return value === 'true'
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Error('SMTP_URL: user and password must be percent-encoded')
  }
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
