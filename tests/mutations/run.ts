// npm run mutations: each guard of guards.ts taken away in a copy of this checkout, two at a time, and what notices.
//   npm run mutations                     all of them; writes docs/guards.md
//   npm run mutations -- WORD …           only the guards whose words or file hold one of these; writes nothing
//   npm run mutations -- --write WORD …   the same, and writes their lines; the others stay as they are

import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startEmbedded } from '../../server/src/postgres/embedded.ts'
import { clusterDirectory } from '../support/cluster-directory.ts'
import { MAX_CONNECTIONS_OF_TESTS, trustEverybody } from '../support/trusting-cluster.ts'
import type { Guard } from './guard.ts'
import { fileOf, GUARDS } from './guards.ts'

const ROOT = join(import.meta.dirname, '../..')
const PAGE = join(ROOT, 'docs/guards.md')
const FOLDERS = ['server', 'tests', 'wire', 'docs', 'examples', 'package.json']

type Result = { readonly guard: Guard; readonly caughtBy: string | null; readonly seconds: number }

const CONCURRENCY = 2
const NOT_YET = 'not yet'

const { values, positionals: words } = parseArgs({
  options: { write: { type: 'boolean' } },
  allowPositionals: true,
})
const chosen = GUARDS.filter(
  g => words.length === 0 || words.some(w => g.keeps.includes(w) || g.file.includes(w)),
)
const dataDir = clusterDirectory()
const postgres = await startEmbedded({ dataDir, maxConnections: MAX_CONNECTIONS_OF_TESTS })
const testPostgres = JSON.stringify(await trustEverybody(postgres, dataDir))
const results: Result[] = []
try {
  // First what the page says nothing of yet.
  const before = readFileSync(PAGE, 'utf8').split('\n')
  const isNew = (guard: Guard) => (noticeOf(guard, before) === NOT_YET ? 0 : 1)
  const waiting = chosen.toSorted((a, b) => isNew(a) - isNew(b))
  // With everything in its place nothing may fail, or a failure would mean nothing.
  const whole = tryWithout({
    keeps: 'everything',
    file: 'package.json',
    text: '"name": "standdown"',
    without: '"name": "standdown"',
    noticedBy: [...new Set(chosen.flatMap(guard => guard.noticedBy))],
  })
  const work = async (): Promise<void> => {
    for (let guard = waiting.shift(); guard; guard = waiting.shift()) {
      const result = await tryWithout(guard)
      results.push(result)
      const said = result.caughtBy === null ? 'SURVIVED' : 'caught  '
      console.log(`${said} ${guard.keeps} (${result.seconds} s; ${waiting.length} are left)`)
      if (result.caughtBy !== null) console.log(`         by: ${result.caughtBy}`)
      // After each: what is broken off has not been for nothing.
      if (words.length === 0 || values.write) writeFileSync(PAGE, page(results))
    }
  }
  // One beside the run of everything, then two.
  const first = work()
  const { caughtBy } = await whole
  if (caughtBy !== null) throw new Error(`with every guard in its place this fails: ${caughtBy}`)
  await Promise.all([first, ...Array.from({ length: CONCURRENCY - 1 }, work)])
} finally {
  await postgres.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
process.exit(results.every(r => r.caughtBy !== null) ? 0 : 1)

async function tryWithout(guard: Guard): Promise<Result> {
  const copy = mkdtempSync(join(tmpdir(), 'standdown-without-'))
  const begun = performance.now()
  try {
    for (const folder of FOLDERS) cpSync(join(ROOT, folder), join(copy, folder), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
    const file = join(copy, guard.file)
    const text = readFileSync(file, 'utf8')
    if (text.split(guard.text).length !== 2) throw new Error(`not there once: ${guard.file}: ${guard.text}`)
    writeFileSync(
      file,
      text.replace(guard.text, () => guard.without),
    )
    const caughtBy = await firstFailure(copy, guard)
    return { guard, caughtBy, seconds: Math.round((performance.now() - begun) / 1000) }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** The name of the first test that fails; null when none does. A guard whose loss hangs a test is noticed too. */
async function firstFailure(copy: string, guard: Guard): Promise<string | null> {
  const files = guard.noticedBy.map(name => join(copy, fileOf(name)))
  const pattern = guard.pattern === undefined ? [] : [`--test-name-pattern=${guard.pattern}`]
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--test',
      '--test-reporter=tap',
      '--test-timeout=60000',
      ...pattern,
      ...files,
    ],
    {
      cwd: copy,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, STANDDOWN_TEST_PG: testPostgres },
      detached: true,
    },
  )
  return await new Promise(resolve => {
    let said = ''
    const stop = (failed: string | null) => {
      resolve(failed)
      try {
        process.kill(-(child.pid as number), 'SIGKILL')
      } catch {}
    }
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk
      const failed = /^ *not ok \d+ - (.*)$/m.exec(said)
      if (failed) stop(failed[1] ?? '')
    })
    child.once('exit', code => stop(code === 0 ? null : 'the run itself'))
  })
}

function page(results: readonly Result[]): string {
  const before = readFileSync(PAGE, 'utf8').split('\n')
  const now = new Map(results.map(({ guard, caughtBy }) => [guard, caughtBy ?? '**survived**']))
  const notices = GUARDS.map(guard => now.get(guard)?.replaceAll('|', '\\|') ?? noticeOf(guard, before))
  const rows = GUARDS.map((guard, i) => `${startOf(guard)}${notices[i]} |`)
  const noticed = notices.filter(notice => notice !== '**survived**' && notice !== NOT_YET)
  return `# Guards

Each of these was taken away on purpose, alone, in a copy; beside it stands the first test that failed. \`npm run mutations\`
does it again and writes this page; \`tests/mutations/patches.test.ts\` holds every one of them to the code as it is now.

| guard | where | noticed by |
|---|---|---|
${rows.join('\n')}

${noticed.length} of ${GUARDS.length} are noticed.
`
}

function startOf(guard: Guard): string {
  return `| ${guard.keeps} | \`${guard.file.replace('server/src/', '')}\` | `
}

/** What the page said of a guard before this run. */
function noticeOf(guard: Guard, lines: readonly string[]): string {
  const line = lines.find(line => line.startsWith(startOf(guard)))
  return line?.slice(startOf(guard).length, -2) ?? NOT_YET
}
