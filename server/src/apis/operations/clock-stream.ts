// The clock of a sandbox moves while somebody watches: one JSON line per step.

import { PassThrough } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { nativeProblem } from '../native/problem.ts'

type Step = (at: Date) => void

export function streamClock(reply: FastifyReply, advance: (step: Step) => Promise<Date>): FastifyReply {
  const lines = new PassThrough()
  const write = (line: object): boolean => lines.write(`${JSON.stringify(line)}\n`)
  advance(at => write({ at: at.toISOString() }))
    .then(now => write({ now: now.toISOString(), sandbox: true }))
    // The status has been sent by now, so the problem is the last line.
    .catch((error: unknown) => write(nativeProblem(error)))
    .finally(() => lines.end())
  return reply.type('application/x-ndjson').send(lines)
}
