// Moves the clock of a sandbox and sends one JSON line for each step, so that somebody can watch.

import { PassThrough } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { nativeProblem } from '../native/problem.ts'

type Step = (at: Date) => void

export function streamClock(reply: FastifyReply, advance: (step: Step) => Promise<Date>): FastifyReply {
  const lines = new PassThrough()
  const write = (value: object): boolean => lines.write(`${JSON.stringify(value)}\n`)
  advance(at => write({ at: at.toISOString() }))
    .then(now => write({ now: now.toISOString(), sandbox: true }))
    // The HTTP status was sent before, so a problem is sent as the last line.
    .catch((error: unknown) => write(nativeProblem(error)))
    .finally(() => lines.end())
  return reply.type('application/x-ndjson').send(lines)
}
