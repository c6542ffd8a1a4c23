// Every route that a server has, as the server itself wrote them down when they were added. (Fastify's own print of its
// routes leaves wildcards out that stand beside others.)

import type { Http } from '../../server/src/http/server.ts'

/** `METHOD /path` each; `ANY /path` where the route takes every method. A prefix's twin with a slash behind it is the same one. */
export function routesOf({ routes }: Pick<Http, 'routes'>): string[] {
  return [...new Set(routes)].sort()
}
