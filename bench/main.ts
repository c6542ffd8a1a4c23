// npm run bench: one table, medians of five with the spread, beside peers that are measured in the same run.

import { cpus, release, type } from 'node:os'
import { parseArgs } from 'node:util'
import { MEASURES } from './measures.ts'
import { keep, type Measured } from './results.ts'
import { FULL, QUICK } from './size.ts'
import { markdown } from './table.ts'

const HELP = `Usage: npm run bench [-- [--quick | --write] [NAME …]]

NAME, all when none is given:
${MEASURES.map(({ name, about }) => `  ${name.padEnd(9)} ${about}`).join('\n')}

  --quick   small numbers, one run: shows that all of it works, in about two minutes; its figures say nothing
  --write   puts the rows into the table of docs/bench.md, above what is explained there
  --help    this

BullMQ needs a redis-server on the PATH. Restate's server is used where it is installed:
  npm install --no-save @restatedev/restate-server    (216 MB; until the next npm ci)
A row whose peer is missing says so. CPU time is read from /proc: on Linux only.`

async function main(): Promise<void> {
  const { values, positionals } = readArguments()
  if (values.help) return console.log(HELP)
  const size = values.quick ? QUICK : FULL
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${type()} ${release()}, Node ${process.versions.node}, fsync on`
  const measured: { [name: string]: Measured } = {}
  for (const { name, rows } of MEASURES) {
    if (positionals.length > 0 && !positionals.includes(name)) continue
    console.error(`measuring: ${name} …`)
    const begun = performance.now()
    measured[name] = { machine, runs: size.runs, rows: await rows(size) }
    console.error(`${markdown(measured[name].rows)}\n(${Math.round((performance.now() - begun) / 1000)} s)\n`)
    // After each, so that a run that is broken off has not been for nothing.
    if (values.write) keep({ [name]: measured[name] })
  }
  console.log(`${markdown(Object.values(measured).flatMap(({ rows }) => rows))}\n\n${machine}`)
}

class WrongArguments extends Error {
  override readonly name = 'WrongArguments'
}

function readArguments() {
  let read: ReturnType<typeof parse>
  try {
    read = parse()
  } catch (error) {
    throw new WrongArguments(`${(error as Error).message}\n\n${HELP}`)
  }
  const unknown = read.positionals.filter(word => !MEASURES.some(({ name }) => name === word))
  if (unknown.length > 0) throw new WrongArguments(`nothing is called ${unknown.join(', ')}\n\n${HELP}`)
  if (read.values.quick && read.values.write)
    throw new WrongArguments('--quick measures nothing that --write should keep')
  return read
}

function parse() {
  return parseArgs({
    options: { quick: { type: 'boolean' }, write: { type: 'boolean' }, help: { type: 'boolean' } },
    allowPositionals: true,
  })
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
await main().catch((error: unknown) => {
  console.error(error instanceof WrongArguments ? error.message : error)
  process.exitCode = 1
})
// Not before all is printed, and not later: the launcher's channel would keep this process.
process.exit()
