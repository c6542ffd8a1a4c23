// The lane of an effect names its receiver, so that a receiver that hangs occupies only its own slots. All rooms must use the
// same lane for the same receiver, or that receiver would get its slots twice.

/** The lane of mail. There is only one, because all mail goes to one mail server. */
export const MAIL_LANE = ''

/**
 * Lane of a call to a URL: host and port, in lower case, without the dot that may end a host's name. A text that is not a
 * URL has the empty lane; the carrier refuses it.
 */
export function webhookLane(url: string): string {
  return URL.canParse(url) ? laneOf(new URL(url)) : ''
}

export function laneOf(url: URL): string {
  return `${withoutLastDot(url.hostname)}:${portOf(url)}`
}

/** The port of the connection. */
export function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

/** A host's name may end with a dot. It is the name of the same host. */
export function withoutLastDot(hostname: string): string {
  return hostname.replace(/\.$/, '')
}
