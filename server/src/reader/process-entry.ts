// The reading process: does the jobs of the module that it is started with, one after the other, until nobody is connected
// any more. Arguments: the module, and how long a job may take, ms.

import { createContext, Script } from 'node:vm'
import { Fault } from '../core/fault.ts'
import type { Jobs } from './jobs.ts'
import type { Answer, Question, Said } from './reading-process.ts'

// Whoever stops the server by its processes reaches this one too. The server decides when it ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('disconnect', () => process.exit())

const [, , module = '', timeoutMs = ''] = process.argv
let known: Jobs = {}
process.on('message', async ({ job, input }: Question) => {
  const before = process.cpuUsage()
  const answered = await answer(job, input)
  const { user, system } = process.cpuUsage(before)
  say({ ...answered, usedMs: (user + system) / 1000 })
})
say(await started())

async function started(): Promise<Answer> {
  try {
    known = ((await import(module)) as { readonly jobs: Jobs }).jobs
    return { is: 'ready' }
  } catch (error) {
    return { is: 'failed', reason: textOf(error) }
  }
}

async function answer(name: string, input: unknown): Promise<Answer> {
  try {
    const job = known[name]
    if (!job) throw new Error(`there is no job ${name}`)
    return { is: 'done', output: await bounded(() => job(input as never)) }
  } catch (error) {
    if (!(error instanceof Fault)) return { is: 'failed', reason: textOf(error) }
    const { code, status, message, data } = error
    return { is: 'refused', code, status, message, data }
  }
}

/**
 * Who asks ends this process when a job takes too long. Where the asker was killed in the middle, nobody would: so a job is
 * broken off here too.
 */
function bounded(run: () => unknown): unknown {
  const options = { timeout: Number(timeoutMs), displayErrors: false }
  return new Script('run()').runInContext(createContext({ run }), options)
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function say(answer: Said): void {
  process.send?.(answer)
}
