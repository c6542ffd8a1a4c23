// Does what a request asks for, after its address was read: finds the operation in the table of resources.

import { requireScope } from './access.ts'
import { graphFault } from './faults.ts'
import type { GraphRequest, GraphResponse } from './graph-request.ts'
import { readQuery } from './query.ts'
import { RESOURCES } from './resources/resources.ts'

/** Checks the permissions first, then whether the resource exists. @throws Fault in Graph's words */
export async function operate(request: GraphRequest): Promise<GraphResponse> {
  const { principal, steps, method } = request
  const node = steps.at(-1)?.node ?? 'root'
  const methods = RESOURCES[node]
  if (!methods) throw graphFault.NotImplemented({ what: node })
  const operation = method === 'GET' || method === 'POST' || method === 'DELETE' ? methods[method] : undefined
  if (!operation) {
    if (node === 'event' && (method === 'PATCH' || method === 'PUT'))
      throw graphFault.NotImplemented({ what: 'Updating an event' })
    throw graphFault.MethodNotAllowed({ method, allow: Object.keys(methods).join(', ') })
  }
  const onGroup = steps.some(step => step.node === 'group') && steps.length > 2
  requireScope(principal, operation.need, onGroup ? 'group' : 'user')
  return await operation.run(request, readQuery(request.search, operation.query))
}
