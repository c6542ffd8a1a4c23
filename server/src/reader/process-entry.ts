// The reading process: does the jobs of the module that it is started with, one after the other, until nobody is connected
// any more.

import { Fault } from '../core/fault.ts'
import type { Jobs } from './jobs.ts'
import type { Answer, Question } from './reading-process.ts'

// A Ctrl-C in a terminal reaches this process too. The server decides when it ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('disconnect', () => process.exit())

let known: Jobs = {}
process.on('message', async ({ job, input }: Question) => say(await answer(job, input)))
say(await started(process.argv[2] ?? ''))

async function started(module: string): Promise<Answer> {
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
    return { is: 'done', output: await job(input as never) }
  } catch (error) {
    if (!(error instanceof Fault)) return { is: 'failed', reason: textOf(error) }
    const { code, status, message, data } = error
    return { is: 'refused', code, status, message, data }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function say(answer: Answer): void {
  process.send?.(answer)
}
