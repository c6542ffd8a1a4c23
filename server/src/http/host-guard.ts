// While the demo is on, anybody at this machine may sign in by choosing a person. A web page must not do the same by pointing a
// host name of its own at 127.0.0.1 (DNS rebinding). So only requests to known host names are answered.

import type { FastifyRequest } from 'fastify'
import { isLoopback } from '../config/config.ts'
import { httpFault } from './faults.ts'

// Host names that unchanged vendor clients use when a hosts file sends them here. An attacker's page cannot have them.
const VENDORS = new Set(['www.wixapis.com', 'manage.wix.com', 'graph.microsoft.com'])

export type HostGuard = {
  readonly on: () => boolean
  readonly publicUrl: () => string | null
}

/** An onRequest hook. Browsers always send Host, so a request without one is let through. @throws Fault MISDIRECTED */
export function hostGuard(guard: HostGuard) {
  return async (request: FastifyRequest): Promise<void> => {
    if (!guard.on()) return
    const host = request.headers.host
    if (host === undefined || host === '') return
    const name = nameOf(host)
    if (name !== null && (isLoopback(name) || VENDORS.has(name))) return
    const own = guard.publicUrl()
    if (name !== null && own !== null && nameOf(new URL(own).host) === name) return
    throw httpFault.MISDIRECTED()
  }
}

function nameOf(host: string): string | null {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : null
}
