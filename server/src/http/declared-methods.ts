// Which methods each address was declared with. A request with another method is then answered 405 instead of 404.

import type { FastifyInstance } from 'fastify'

/** Call it before routes are added. Addresses with parameters are left out. */
export function declaredMethods(app: FastifyInstance): (path: string) => readonly string[] {
  const methods = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    if (/[:*]/.test(url)) return
    const known = methods.get(url) ?? new Set()
    methods.set(url, known)
    for (const each of [method].flat()) known.add(each)
  })
  return path => [...(methods.get(path) ?? [])].sort()
}
