// Every route that a server has, read from the server itself.

import type { FastifyInstance } from 'fastify'

/** The methods of catch-all routes are one: their own grammar decides. */
const ONE_BY_ONE = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

/** `METHOD /path` each; `ANY /path` where the route takes every method. */
export function routesOf(app: FastifyInstance): string[] {
  const tree = app.printRoutes({ commonPrefix: false, includeHooks: false })
  const above: string[] = []
  const routes = new Set<string>()
  for (const line of tree.split('\n')) {
    const found = /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line)
    if (!found) continue
    const depth = (found[1] ?? '').length / 4
    above.length = depth
    above.push(found[2] ?? '')
    const path = above.join('').replace('//', '/')
    const methods = (found[3] ?? '').split(', ').filter(method => method !== '')
    if (methods.includes('TRACE')) routes.add(`ANY ${path}`)
    else for (const method of methods) if (ONE_BY_ONE.has(method)) routes.add(`${method} ${path}`)
  }
  return [...routes].sort()
}
