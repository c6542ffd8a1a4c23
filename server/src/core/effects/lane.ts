// The lane of an effect: how its receiver is told apart from others, so that one that hangs holds only its own slots. Every
// room that announces to the same receiver must spell it alike, or that receiver would get its slots twice.

/** Lane of mail: one, since all of it goes to one mail server. */
export const MAIL_LANE = ''

/**
 * Lane of a call to a URL: host and port, in lower case, without the dot that may end a host's name. The empty lane for
 * what is no URL; its carrier says so.
 */
export function webhookLane(url: string): string {
  return URL.canParse(url) ? laneOf(new URL(url)) : ''
}

export function laneOf({ hostname, port, protocol }: URL): string {
  return `${hostname.replace(/\.$/, '')}:${port || (protocol === 'https:' ? '443' : '80')}`
}
