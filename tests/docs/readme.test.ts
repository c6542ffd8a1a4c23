// The README's tour, run as a reader would: every block in order, in one shell, against a server that `npm start`
// started, on its embedded database.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { test } from 'node:test'
import { filesBelow, filesNamed, ROOT } from '../architecture/source-files.ts'
import { anchorsOf } from './markdown.ts'
import { blocksOf, describes } from './readme-blocks.ts'

const MARK = '--- end of block ---'

test('every block of the README runs, and prints what the README shows', async t => {
  const blocks = blocksOf(await readFile(join(ROOT, 'README.md'), 'utf8'))
  const [commands] = blocks.filter(block => block.language === '')
  assert.equal(commands?.text, 'npm ci\nnpm start\n', 'the two commands')
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: { start: string }
  }
  assert.equal(scripts.start, 'node launch.cjs start')

  const dataDir = await mkdtemp(join(tmpdir(), 'standdown-readme-'))
  // As root PostgreSQL runs as another user, who has to be able to walk in.
  await chmod(dataDir, 0o711)
  const env = { ...process.env, DATA_DIR: dataDir, PORT: '0', TLS_PORT: '0', NO_COLOR: '1' }
  const server = spawn('node', ['launch.cjs', 'start'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const printed = new Printed(server)
  // In this order: PostgreSQL writes into its directory until it has stopped.
  t.after(async () => {
    await stopped(server)
    await rm(dataDir, { recursive: true, force: true })
  })
  const banner = await printed.until(/Ctrl-C/)
  assert.match(banner[0] ?? '', /^Standdown runs at http:/)
  assert.ok(banner.length <= 12, 'the banner has at most 12 lines')

  const tour = blocks.filter(block => block.language === 'sh')
  assert.ok(tour.length >= 8, 'the tour has its blocks')
  const script = tour.map(block => `${block.text}\nprintf '%s\\n' '${MARK}'\n`).join('')
  const { code, out, err } = await shell(script, env)
  const outputs = out.split(`${MARK}\n`)
  const failed = tour[outputs.length - 1]
  assert.equal(
    code,
    0,
    `the block at line ${failed?.line} failed:\n${failed?.text}\n${outputs.at(-1)}${err}\nThe server printed\n${printed.text}`,
  )
  for (const [index, block] of tour.entries()) {
    if (block.output === null) continue
    const got = outputs[index]!
    assert.ok(
      describes(block.output, got),
      `line ${block.line} shows\n${block.output}\nbut it printed\n${got}`,
    )
  }
})

test('an output that is shown is held against what was printed', () => {
  assert.ok(describes('a … c\n\n', 'a b c\n'))
  assert.ok(!describes('a … c\n', 'a b c\nd\n'))
  assert.ok(!describes('a.c\n', 'abc\n'))
  const blocks = blocksOf('x\n```sh\nls\n```\ntext\n```output\nfile\n```\n```sh\npwd\n```\n')
  assert.deepEqual(
    blocks.map(({ text, output }) => [text, output]),
    [
      ['ls\n', 'file\n'],
      ['pwd\n', null],
    ],
  )
})

/** What the server prints, all of it: a log that nobody reads would end in a full pipe. */
class Printed {
  text = ''
  readonly #child: ChildProcess
  constructor(child: ChildProcess) {
    this.#child = child
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.text += text
      })
    }
  }

  /** The lines up to the one that `last` is in. */
  async until(last: RegExp): Promise<string[]> {
    while (!last.test(this.text)) {
      const more = new Promise<'more'>(resolve => this.#child.stdout!.once('data', () => resolve('more')))
      const exit = new Promise<'exit'>(resolve => this.#child.once('exit', () => resolve('exit')))
      if ((await Promise.race([more, exit])) === 'exit') throw new Error(`the server ended:\n${this.text}`)
    }
    return this.text.trimEnd().split('\n')
  }
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exit = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  await exit
}

async function shell(
  script: string,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn('sh', ['-e'], { cwd: ROOT, env, stdio: ['pipe', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    err += text
  })
  child.stdin.end(script)
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, out, err }
}

test('every link of the README and the docs leads to a file', () => {
  const pages = [
    ...filesBelow('docs', ['.md']),
    ...filesNamed(['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']),
  ]
  const broken = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
      .map(([, target]) => posix.join(posix.dirname(path), target!))
      .filter(target => !existsSync(join(ROOT, target)))
      .map(target => `${path} leads to ${target}`),
  )
  assert.deepEqual(broken, [])
})

test('every link to a heading leads to one', () => {
  const pages = new Map(
    [
      ...filesBelow('docs', ['.md']),
      ...filesNamed(['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']),
    ].map(({ path, text }) => [path, text]),
  )
  const broken = [...pages].flatMap(([path, text]) =>
    [...text.matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)]
      .map(([, file, anchor]) => ({
        page: file === '' ? path : posix.join(posix.dirname(path), file!),
        anchor: anchor!,
      }))
      .filter(({ page, anchor }) => !anchorsOf(pages.get(page) ?? '').has(anchor))
      .map(({ page, anchor }) => `${path} leads to ${page}#${anchor}`),
  )
  assert.deepEqual(broken, [])
})
