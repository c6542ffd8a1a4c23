// `npm run dev`, in a checkout of its own whose server tells how it was started.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { openDirectory } from '../postgres/data-directories.ts'
import { ended } from '../postgres/process-end.ts'

const ROOT = join(import.meta.dirname, '../..')

const server = (version: number) => `
  const { pid, env } = process
  console.log(JSON.stringify({ level: 30, msg: 'started', version: ${version}, of: pid, data: env.DATA_DIR, args: process.argv.slice(2) }))
  const end = (name) => { console.log(JSON.stringify({ level: 30, msg: 'stopped by ' + name })); process.exit(0) }
  process.once('SIGTERM', () => end('SIGTERM'))
  process.once('SIGINT', () => end('SIGINT'))
  process.once('disconnect', () => process.exit(0))
`

function checkout(t: TestContext): string {
  const root = realpathSync(openDirectory(t))
  for (const file of ['launch.cjs', 'dev.ts']) copyFileSync(join(ROOT, file), join(root, file))
  for (const folder of ['server/src', 'wire/src', 'client', 'examples', 'node_modules/pg'])
    mkdirSync(join(root, folder), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules/pino-pretty'), join(root, 'node_modules/pino-pretty'))
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  writeFileSync(join(root, 'server/src/main.ts'), server(1))
  return root
}

type Dev = {
  readonly launcher: ChildProcess
  /** The next line of output that matches. */
  readonly line: (wanted: RegExp) => Promise<string>
}

function dev(t: TestContext, root: string, ...args: readonly string[]): Dev {
  const { DATA_DIR: _, ...env } = process.env
  const launcher = spawn(
    '/bin/sh',
    ['-c', 'exec "$@" 2>&1', 'sh', process.execPath, join(root, 'launch.cjs'), '--run-dev', ...args],
    {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  t.after(() => launcher.kill('SIGKILL'))
  const lines = createInterface({ input: launcher.stdout })[Symbol.asyncIterator]()
  const seen: string[] = []
  return {
    launcher,
    line: async wanted => {
      for (;;) {
        const { value, done } = await lines.next()
        if (done) throw new Error(`it ended without ${wanted}:\n${seen.join('\n')}`)
        seen.push(value)
        if (wanted.test(value)) return value
      }
    },
  }
}

const pidOf = async ({ line }: Dev) => Number(/of: (\d+)/.exec(await line(/^ +of: /))?.[1])

test('the log is for people, the data directory its own, and arguments reach the server', async t => {
  const root = checkout(t)
  const running = dev(t, root, '--config', 'x.json')
  await running.line(/INFO: started$/)
  assert.match(await running.line(/data: /), new RegExp(`"${join(root, 'data-dev')}"`))
  await running.line(/"start"/)
  await running.line(/"--config"/)
})

test('a changed file starts the server again; what cannot start waits for the next change', async t => {
  const root = checkout(t)
  const running = dev(t, root)
  const first = await pidOf(running)
  writeFileSync(join(root, 'server/src/main.ts'), server(2))
  await running.line(/a file has changed, the server starts again/)
  await running.line(/stopped by SIGTERM/)
  await running.line(/version: 2/)
  await ended(first)
  const second = await pidOf(running)
  writeFileSync(join(root, 'server/src/main.ts'), 'this is no program')
  await running.line(/SyntaxError/)
  await running.line(/the server has ended with 1\. It starts again when a file changes\./)
  await ended(second)
  writeFileSync(join(root, 'server/src/main.ts'), server(3))
  await running.line(/version: 3/)
})

test('a signal to the launcher reaches the server once, and its last lines are printed', async t => {
  const running = dev(t, checkout(t))
  const pid = await pidOf(running)
  const exit = once(running.launcher, 'exit')
  running.launcher.kill('SIGINT')
  await running.line(/stopped by SIGINT/)
  assert.deepEqual(await exit, [0, null])
  await ended(pid)
})

test('a launcher that is killed leaves no server behind', async t => {
  const running = dev(t, checkout(t))
  const pid = await pidOf(running)
  running.launcher.kill('SIGKILL')
  await ended(pid)
})

test('without the development packages it says what to do', async t => {
  const root = checkout(t)
  rmSync(join(root, 'node_modules/pino-pretty'))
  const running = dev(t, root)
  const exit = once(running.launcher, 'exit')
  await running.line(/^standdown: npm run dev needs the development packages\. Run `npm ci` in /)
  assert.deepEqual(await exit, [1, null])
})
