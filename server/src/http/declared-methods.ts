// Which methods each address was declared with: who comes to one with another method is told so (405), not that nothing is there.

import type { FastifyInstance } from 'fastify'

/** To be called before routes are added. Addresses with parameters are left out. */
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
