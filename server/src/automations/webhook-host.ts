/** The lane of a webhook: host and port, so that a receiver that hangs holds up nobody else's calls. As delivery counts. */
export function webhookHost(url: string): string {
  const { hostname, port, protocol } = new URL(url)
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`
}
