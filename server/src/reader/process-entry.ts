// The reading process. It does the jobs of the module that it was started with, one after the other, until the server
// disconnects. Arguments: the module, how long a job may take, ms, and how far it gives way to other processes (0 to 19).

import { createContext, Script } from 'node:vm'
import { Fault } from '../core/fault.ts'
import type { Jobs } from './jobs.ts'
import { giveWay } from './low-priority.ts'
import type { Answer, Question, Reply } from './reading-process.ts'

// A signal for the server may reach this process too (a whole process group is stopped). The server decides when it ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('disconnect', () => process.exit())

const [, , module = '', timeoutMs = '', niceness = '0'] = process.argv
let known: Jobs = {}
process.on('message', async ({ job, input }: Question) => {
  const before = process.cpuUsage()
  const answered = await answer(job, input)
  const { user, system } = process.cpuUsage(before)
  send({ ...answered, usedMs: (user + system) / 1000 })
})
send(await started())

async function started(): Promise<Answer> {
  try {
    known = ((await import(module)) as { readonly jobs: Jobs }).jobs
    // Not before: a start is our own work, and takes as much of a processor as a hundred ordinary texts.
    giveWay(Number(niceness))
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
 * The server kills this process when a job takes too long. If the server itself was killed meanwhile, nobody would; so a job
 * also ends here by itself.
 */
function bounded(run: () => unknown): unknown {
  const options = { timeout: Number(timeoutMs), displayErrors: false }
  return new Script('run()').runInContext(createContext({ run }), options)
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function send(answer: Reply): void {
  process.send?.(answer)
}
