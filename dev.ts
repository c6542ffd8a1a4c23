// `npm run dev`: the server on a data directory of its own, its log written for people. It starts again whenever a source file changes.
// Why not `node --watch`: where that is killed, the server that it started runs on.

import { type ChildProcess, spawn } from 'node:child_process'
import { watch } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'

const ROOT = import.meta.dirname
const WATCHED = ['server/src', 'wire/src', 'client', 'examples']
/** An editor writes a file in several steps, and a checkout many files. */
const SETTLED_MS = 200
/** Longer than a server takes to stop: what is still there then does not listen, as in an endless loop. */
const KILLED_AFTER_MS = 12_000

const { default: pretty } = await import('pino-pretty').catch(() => {
  console.error(`standdown: npm run dev needs the development packages. Run \`npm ci\` in ${ROOT}`)
  process.exit(1)
})

let server: ChildProcess | null = null
let changed = false
let ending = false
let settled: NodeJS.Timeout | undefined

for (const folder of WATCHED) {
  const watcher = watch(join(ROOT, folder), { recursive: true }, (_event, file) => {
    if (file?.split(/[\\/]/).includes('node_modules')) return
    clearTimeout(settled)
    settled = setTimeout(restart, SETTLED_MS)
  })
  watcher.on('error', error =>
    console.error(`standdown: changes in ${folder} are not seen: ${error.message}`),
  )
}
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => end(name))
// The launcher was killed.
process.once('disconnect', () => end('SIGTERM'))
start()

function start(): void {
  const args = [...process.execArgv, join(ROOT, 'server/src/main.ts'), 'start', ...process.argv.slice(2)]
  // A process group of its own: the terminal sends a Ctrl-C to us, and we pass it on, once.
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    detached: true,
    env: { ...process.env, DATA_DIR: process.env.DATA_DIR?.trim() || join(ROOT, 'data-dev') },
  })
  server = child
  const log = pretty({ colorize: process.stdout.isTTY === true, ignore: 'pid,hostname', sync: true })
  child.stdout?.pipe(log)
  child.once('error', error =>
    console.error(`standdown: could not start ${process.execPath}: ${error.message}`),
  )
  child.once('close', async (code, signal) => {
    // Its last lines are read first.
    await finished(log).catch(() => {})
    server = null
    const exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal]
    if (ending) process.exit(exitCode)
    if (!changed)
      console.error(`standdown: the server has ended with ${exitCode}. It starts again when a file changes.`)
    else start()
    changed = false
  })
}

function restart(): void {
  if (ending || changed) return
  if (server === null) {
    start()
    return
  }
  changed = true
  console.error('standdown: a file has changed, the server starts again')
  stop(server, 'SIGTERM')
}

function end(signal: NodeJS.Signals): void {
  ending = true
  if (server === null) process.exit(0)
  stop(server, signal)
}

function stop(child: ChildProcess, signal: NodeJS.Signals): void {
  child.kill(signal)
  setTimeout(() => child.kill('SIGKILL'), KILLED_AFTER_MS).unref()
}
