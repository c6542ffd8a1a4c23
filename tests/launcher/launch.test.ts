// launch.cjs and ./standdown, in a checkout of their own whose server tells how it was started.

import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { openDirectory } from '../postgres/data-directories.ts'
import { ended } from '../postgres/process-end.ts'

const ROOT = join(import.meta.dirname, '../..')

const SERVER = `
  const [command]: string[] = process.argv.slice(2)
  const told = { args: process.argv.slice(2), cwd: process.cwd(), node: process.execPath, pid: process.pid, launched: process.env.STANDDOWN_LAUNCHED }
  if (command === 'exit') process.exit(Number(process.argv[3]))
  if (command === 'die') process.kill(process.pid, 'SIGKILL')
  if (command === 'wait') {
    // Told when it listens.
    setImmediate(() => console.log(JSON.stringify(told)))
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(name, () => { console.log(name); process.exit(7) })
    process.once('disconnect', () => { console.log('disconnect'); process.exit(0) })
  } else {
    console.log(JSON.stringify(told))
    process.disconnect()
  }
`

function checkout(t: TestContext): string {
  const root = openDirectory(t)
  copyFileSync(join(ROOT, 'launch.cjs'), join(root, 'launch.cjs'))
  copyFileSync(join(ROOT, 'standdown'), join(root, 'standdown'))
  mkdirSync(join(root, 'server/src'), { recursive: true })
  mkdirSync(join(root, 'node_modules/pg'), { recursive: true })
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  writeFileSync(join(root, 'server/src/main.ts'), SERVER)
  mkdirSync(dirname(bundledNode(root)), { recursive: true })
  symlinkSync(process.execPath, bundledNode(root))
  return root
}

/** Where npm puts the Node that it brings. */
function bundledNode(root: string): string {
  return join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin/node')
}

type Launched = ChildProcessByStdio<Writable, Readable, Readable>

function launch(command: readonly string[], env: NodeJS.ProcessEnv = process.env, cwd = '/'): Launched {
  return spawn(command[0] ?? '', command.slice(1), { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
}

async function outcome(launched: Launched): Promise<{ code: number; out: string; error: string }> {
  const [out, error, [code]] = await Promise.all([
    text(launched.stdout),
    text(launched.stderr),
    once(launched, 'close'),
  ])
  return { code, out, error }
}

/** What stands in for a machine with an old Node: the launcher's own Node says that it is one. */
function oldNode(t: TestContext): string[] {
  const preload = join(openDirectory(t), 'old.cjs')
  writeFileSync(preload, `Object.defineProperty(process.versions, 'node', { value: '20.19.5' })`)
  return [process.execPath, '--require', preload]
}

test('the server gets the arguments, and sees the working directory of the caller', async t => {
  const root = checkout(t)
  const cwd = realpathSync(openDirectory(t))
  const link = join(cwd, 'sd')
  symlinkSync(join(root, 'standdown'), link)
  for (const command of [
    [process.execPath, join(root, 'launch.cjs')],
    ['/bin/sh', join(root, 'standdown')],
    ['/bin/sh', link],
  ]) {
    const { code, out, error } = await outcome(
      launch([...command, 'token', '--user', 'a b'], process.env, cwd),
    )
    assert.deepEqual([code, error], [0, ''])
    const told = JSON.parse(out)
    assert.deepEqual([told.args, told.cwd, told.launched], [['token', '--user', 'a b'], cwd, '1'])
  }
})

test('exit codes come through, and a death by signal is 128 and its number', async t => {
  const root = checkout(t)
  const run = (...args: string[]) => outcome(launch([process.execPath, join(root, 'launch.cjs'), ...args]))
  assert.equal((await run('exit', '0')).code, 0)
  assert.equal((await run('exit', '42')).code, 42)
  assert.equal((await run('die')).code, 137)
})

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${name} is passed on once, and the launcher waits for the server`, async t => {
    const launched = launch([process.execPath, join(checkout(t), 'launch.cjs'), 'wait'])
    const lines = createInterface({ input: launched.stdout })[Symbol.asyncIterator]()
    await lines.next()
    launched.kill(name)
    assert.equal((await lines.next()).value, name)
    assert.deepEqual(await once(launched, 'exit'), [7, null])
  })
}

test('a launcher that is killed with SIGKILL is noticed', async t => {
  const launched = launch([process.execPath, join(checkout(t), 'launch.cjs'), 'wait'])
  const lines = createInterface({ input: launched.stdout })[Symbol.asyncIterator]()
  const { pid } = JSON.parse((await lines.next()).value ?? '')
  launched.kill('SIGKILL')
  assert.equal((await lines.next()).value, 'disconnect')
  await ended(pid)
})

test('an old Node goes on with the one that npm brought, and without that says what to do', async t => {
  const root = checkout(t)
  const old = [...oldNode(t), join(root, 'launch.cjs'), 'x']
  const { code, error } = await outcome(launch(old))
  assert.deepEqual([code, error], [0, ''])
  // With no Node on the machine at all, ./standdown finds that one too.
  const tools = join(root, 'tools')
  mkdirSync(tools)
  for (const tool of ['dirname', 'readlink']) symlinkSync(`/usr/bin/${tool}`, join(tools, tool))
  const none = await outcome(launch(['/bin/sh', join(root, 'standdown'), 'x'], { PATH: tools }))
  assert.deepEqual([none.code, none.error], [0, ''])

  rmSync(bundledNode(root))
  const refused = await outcome(launch(old))
  assert.equal(refused.code, 1)
  assert.match(refused.error, /^standdown: this needs Node 24 or later, and this machine runs v/)
  assert.match(refused.error, /run `npm ci` again;\notherwise install it from https:\/\/nodejs\.org: .*\.\n$/)

  writeFileSync(bundledNode(root), 'no program', { mode: 0o644 })
  const broken = await outcome(launch(old))
  assert.equal(broken.code, 1)
  assert.match(broken.error, /^standdown: could not start .*node: /)
})

test('without npm ci it says to run it', async t => {
  const root = checkout(t)
  rmSync(join(root, 'node_modules'), { recursive: true })
  const { code, error } = await outcome(launch([...oldNode(t), join(root, 'launch.cjs'), 'start']))
  assert.deepEqual(
    [code, error],
    [1, `standdown: its packages are not installed. Run \`npm ci\` in ${realpathSync(root)}\n`],
  )
})

test('launch.cjs is written in words that Node 4 and later can read', () => {
  const code = readFileSync(join(ROOT, 'launch.cjs'), 'utf8')
  const words = code.replace(/'(?:[^'\\\n]|\\.)*'/g, `''`).replace(/\/\/.*$|\/\*\*.*\*\//gm, '')
  assert.doesNotMatch(words, /\b(async|await|import|of)\b|`|\.\.\.|\?\.|\?\?|\*\*|,\s*\)|catch \{/)
})
