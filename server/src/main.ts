// The entry: one process, one command.

import { createInterface } from 'node:readline/promises'
import { banner } from './app/banner.ts'
import { doctor } from './app/doctor.ts'
import { systemRandom } from './app/random.ts'
import { serve } from './app/serve.ts'
import { backupDatabase, holdDatabase, restoreDatabase } from './app/store-commands.ts'
import { VERSION } from './app/version.ts'
import type { CliIo } from './cli/cli-io.ts'
import { runCli } from './cli/run-cli.ts'
import { readConfig } from './config/config.ts'

/** From the wish to stop to the end, milliseconds. Docker, for one, kills after ten seconds. */
const STOP_WITHIN_MS = 9500

/** As SIGPIPE would end it, which Node ignores: `./standdown events | head`. */
const READER_GONE = 141

// A server goes on, whoever has stopped reading what it says.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (process.argv[2] !== 'start') process.exit(READER_GONE)
  })

const io: CliIo = {
  stdout: text => void process.stdout.write(text),
  stderr: text => void process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  isTerminal: process.stdout.isTTY === true,
  columns: process.stdout.columns ?? 100,
  confirm: process.stdin.isTTY ? confirm : null,
  local: { start, doctor, backup: backupDatabase, restore: restoreDatabase, hold: holdDatabase },
  version: VERSION,
}

async function start(io: CliIo): Promise<number> {
  const config = readConfig(io.env, io.cwd)
  // Before anything starts: a signal that comes meanwhile is not lost.
  const asked = stopAsked()
  const limit = stopLimit(io)
  void asked.then(limit.begin)
  try {
    const tell = (line: string) => io.stdout(`${line}\n`)
    const serving = await serve({ config, now: () => new Date(), random: systemRandom(), tell })
    io.stdout(await banner(serving, config.smtpUrl === null ? 'kept and shown here' : 'sent'))
    const reason = await Promise.race([asked, serving.database.lost.then(error => error ?? 'stopped')])
    limit.begin()
    await serving.stop()
    if (reason instanceof Error) throw reason
    return 0
  } finally {
    limit.reached()
  }
}

/** For everything between the wish to stop and the end of the process; a start that is still under way is cut short too. */
function stopLimit(io: CliIo): { readonly begin: () => void; readonly reached: () => void } {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  return {
    begin: () => {
      // Once all is stopped, what a receiver still holds must not keep the process.
      timer ??= setTimeout(() => (isStopped ? process.exit() : cutShort(io)), STOP_WITHIN_MS)
    },
    reached: () => {
      isStopped = true
      timer?.unref()
    },
  }
}

/** As after a kill: what ran is found by the lease of this process that runs out, and none of it is taken for done. */
function cutShort(io: CliIo): void {
  io.stderr(
    'standdown: the stop took too long and was cut short; what was running is looked after at the next start\n',
  )
  process.exit(1)
}

/** Ctrl-C, a service manager, or the end of the launcher, which a kill -9 cannot pass on. */
function stopAsked(): Promise<string> {
  return new Promise(resolve => {
    let asked = false
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        // A second one does not wait for what is running.
        if (asked && signal === 'SIGINT') process.exit(130)
        asked = true
        resolve(signal)
      })
    }
    if (process.env.STANDDOWN_LAUNCHED === '1') process.on('disconnect', () => resolve('launcher gone'))
  })
}

async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await lines.question(`${question} [y/N] `)
  lines.close()
  return /^y(es)?$/i.test(answer.trim())
}

process.exitCode = await runCli(process.argv.slice(2), io)
// The channel to the launcher would keep the process alive.
if (process.connected) process.disconnect()
