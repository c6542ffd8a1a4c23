// Normalizes the address of a request before it is routed.

/**
 * The path and query to route by.
 * - A target in absolute form (`POST https://graph.microsoft.com/v1.0/… HTTP/1.1`, RFC 9112 3.2.2) loses its origin. The
 *   examples of Graph's documentation are written in this form. The host is used for nothing.
 * - A backslash in the path becomes a slash, as in every URL parser (URL Standard, special schemes): the draft of Graph's
 *   cancel is published under `/docs\api`. The escaped form %5C counts in that prefix only; elsewhere it is data.
 * - In a path that cannot be decoded, percent signs are escaped. The request then reaches its API, which refuses it
 *   (`isUndecodable`) in the shape of its own errors.
 */
export function requestPath(target: string): string {
  const rest = pathAndQuery(target)
  const path = pathOf(rest)
  return decodes(path) ? rest : path.replaceAll('%', '%25') + rest.slice(path.length)
}

/** True for a request target whose path has percent signs that do not encode UTF-8. */
export function isUndecodable(target: string): boolean {
  return !decodes(pathOf(pathAndQuery(target)))
}

/** True for a request target with an encoded NUL, in its path or its query. */
export function holdsNul(target: string): boolean {
  return target.includes('%00')
}

function decodes(path: string): boolean {
  if (!path.includes('%')) return true
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

function pathOf(target: string): string {
  const query = target.indexOf('?')
  return query === -1 ? target : target.slice(0, query)
}

function pathAndQuery(target: string): string {
  const origin = /^https?:\/\/[^/\\?#]*/i.exec(target)
  let rest = origin ? target.slice(origin[0].length) : target
  if (origin && !/^[/\\]/.test(rest)) rest = `/${rest}`
  const path = pathOf(rest)
  if (!path.includes('\\') && !/^\/docs%5c/i.test(path)) return rest
  const clean = path.replaceAll('\\', '/').replace(/^\/docs%5capi(?=\/|$)/i, '/docs/api')
  return clean + rest.slice(path.length)
}

/** A path for logs, without the values of query parameters, which may be codes and tokens. */
export function loggedPath(target: string): string {
  const query = target.indexOf('?')
  if (query === -1) return target
  const names = target
    .slice(query + 1)
    .split('&')
    .map(pair => pair.split('=', 1)[0])
  return `${target.slice(0, query)}?${names.join('&')}`
}
