// The entry of the process: it runs one command of the command line, `start` included. It gives the commands
// what only this process has: the database, the disk, the signals. It must not decide anything: a command is
// in cli/, and a server is put together in app/.

import { createInterface } from 'node:readline/promises'
import { systemRandom } from './app/random.ts'
import { VERSION } from './app/version.ts'
import type { CliIo } from './cli/cli-io.ts'
import { runCli } from './cli/run-cli.ts'

/** From the request to stop to the end of the process, milliseconds. Docker, for example, kills after ten seconds. */
const STOP_WITHIN_MS = 9500

/** The exit code of a process that SIGPIPE ends (128 + 13), which Node ignores: `./standdown events | head`. */
const READER_GONE = 141

// Only `start` goes on when nobody reads its output any more.
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
  // Loaded when they are called: a command that only asks a running server needs none of it.
  local: {
    start,
    doctor: async io => await (await import('./app/doctor.ts')).doctor(io),
    backup: async (...given) => await (await import('./app/store-commands.ts')).backupDatabase(...given),
    restore: async (...given) => await (await import('./app/store-commands.ts')).restoreDatabase(...given),
    hold: async (...given) => await (await import('./app/store-commands.ts')).holdDatabase(...given),
  },
  version: VERSION,
}

async function start(io: CliIo): Promise<number> {
  // Before anything starts, so that a signal during the start is not lost.
  const stopRequested = stopRequest()
  const limit = stopLimit(io)
  void stopRequested.then(limit.begin)
  try {
    const [{ readConfig }, { serve }, { banner }] = await Promise.all([
      import('./config/config.ts'),
      import('./app/serve.ts'),
      import('./app/banner.ts'),
    ])
    const config = readConfig(io.env, io.cwd)
    const tell = (textLine: string) => io.stdout(`${textLine}\n`)
    const serving = await serve({ config, now: () => new Date(), random: systemRandom(), tell })
    io.stdout(await banner(serving, config.smtpUrl === null ? 'kept and shown here' : 'sent'))
    const reason = await Promise.race([
      stopRequested,
      serving.database.lost.then(error => error ?? 'stopped'),
    ])
    limit.begin()
    await serving.stop()
    if (reason instanceof Error) throw reason
    return 0
  } finally {
    limit.reached()
  }
}

/** Limits the time from the request to stop to the end of the process. A start that is still under way is cut short too. */
function stopLimit(io: CliIo): { readonly begin: () => void; readonly reached: () => void } {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  return {
    begin: () => {
      // When all is stopped, a connection that a receiver keeps open must not keep the process alive.
      timer ??= setTimeout(() => (isStopped ? process.exit() : cutShort(io)), STOP_WITHIN_MS)
    },
    reached: () => {
      isStopped = true
      timer?.unref()
    },
  }
}

/** As after a kill: other processes find what was running when the lease of this process expires, and count none of it as done. */
function cutShort(io: CliIo): void {
  io.stderr(
    'standdown: the stop took too long and was cut short; what was running is looked after at the next start\n',
  )
  process.exit(1)
}

/** Resolves at Ctrl-C, at a signal of a service manager, or when the launcher is gone: it cannot pass a kill -9 on. */
function stopRequest(): Promise<string> {
  return new Promise(resolve => {
    let wasRequested = false
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        // A second Ctrl-C does not wait for what is running.
        if (wasRequested && signal === 'SIGINT') process.exit(130)
        wasRequested = true
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
