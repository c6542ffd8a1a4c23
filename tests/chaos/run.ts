// npm run chaos: histories of an engine whose way to the database is bad, judged from outside (checker.ts).
//
//   npm run chaos                          300 histories, from seed 1
//   npm run chaos -- --from 5000 --count 10000
//   npm run chaos -- --replay 61           one history, with its trace

import { parseArgs } from 'node:util'
import { ChaosDatabase } from './chaos-database.ts'
import { type HistoryResult, runHistory } from './history.ts'

const HELP = `Usage: npm run chaos [-- --from SEED] [--count N] [--replay SEED]

  --from SEED    the first seed (default 1)
  --count N      how many histories (default 300)
  --replay SEED  one history, with its trace
  --help         this

Exit code 1 when a history violates the promise; its seed is printed.`

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    count: { type: 'string', default: '300' },
    replay: { type: 'string' },
    help: { type: 'boolean' },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const from = numberOf('from', values.replay ?? values.from)
const count = values.replay === undefined ? numberOf('count', values.count) : 1

const begun = performance.now()
let violated = 0
const database = await ChaosDatabase.make()
for (let seed = from; seed < from + count; seed++) {
  await database.empty()
  const result = await runHistory(seed, database)
  if (values.replay !== undefined) console.log(result.trace.join('\n'))
  if (result.violations.length > 0) violated += 1
  report(result)
  const done = seed - from + 1
  if (done % 100 === 0) console.log(`${done} histories, ${violated} with violations, ${each(done)} ms each`)
}
console.log(`${count} histories, ${violated} with violations, ${each(count)} ms each`)
await database[Symbol.asyncDispose]()
process.exit(violated === 0 ? 0 : 1)

function report({ seed, violations }: HistoryResult): void {
  for (const { rule, what } of violations) console.log(`seed ${seed}: ${rule}: ${what}`)
}

function each(done: number): number {
  return Math.round((performance.now() - begun) / done)
}

function numberOf(name: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  console.error(`--${name} ${text} is no whole number.\n\n${HELP}`)
  return process.exit(2)
}
