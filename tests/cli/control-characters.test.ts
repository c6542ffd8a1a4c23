// Whatever the server, or whoever answers in its place, says: no control character of theirs reaches the terminal.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { COMMANDS } from '../../server/src/cli/run-cli.ts'
import { json, palette, plain, printable } from '../../server/src/cli/terminal.ts'
import { session } from './terminal-session.ts'

// ESC in a colour, a title, a screen that is cleared; C1's own introducer; direction; line ends; the marks of our own colours.
const HOSTILE = [
  '\u001b[2J',
  '\u001b[31m',
  '\u001b]0;owned\u0007',
  '\u001b[?1049h',
  '\u009b2J',
  '\u0085',
  '\u202eexe.',
  '\u2066',
  '\u200f',
  '\u061c',
  '\u2028',
  '\r',
  '\u0008',
  '\u007f',
  '\ufdd031\ufdd1',
  '\ufdd0K\ufdd1',
].join('x')
const UNFIT =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufdd0\ufdd1]/

/** What the command line itself writes on a terminal. */
const withoutOurs = (text: string) => text.replace(/\r\u001b\[K|\u001b\[(1|2|22|3[1-9])m/g, '')

let url = ''
let answer: { status: number; body: string; type: string } = { status: 200, body: '', type: '' }
const server = createServer((request, response) => {
  request.resume()
  // Closed each time: a connection that is kept may be closed here in the moment in which it is used again.
  response.writeHead(answer.status, { 'content-type': answer.type, connection: 'close' })
  response.end(answer.body)
})
before(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => void server.close())

// Each command that asks a server, with words that it takes.
const ASKING: readonly (readonly string[])[] = [
  ['demo'],
  ['token', '--app', 'x'],
  ['app', 'x'],
  ['app', 'x', '--renew'],
  ['revoke', '--app', 'x'],
  ['keys', 'rotate', '--now'],
  ['cancel', '--key', 'x'],
  ['cancel', '--key', 'x', '--preview'],
  ['receipt'],
  ['mail'],
  ['mail', 'last'],
  ['mail', 'x', '--raw'],
  ['webhook-secret'],
  ['webhook-secret', 'show', 'x'],
  ['clock'],
  ['clock', '+1d'],
  ['status'],
  ['events'],
  ['event', '019a9f1c-77a2-8b3c-9d10-2f6e5a7c1b2d'],
  ['release', '--list'],
  ['release', '--all', '--yes'],
  ['retry', 'x'],
  ['retry', '--all'],
  ['retry', '--since', '1d'],
]
const LOCAL = ['start', 'doctor', 'backup', 'restore', 'hold', 'env', 'apply']

test('every command that asks a server is tried', () => {
  const tried = new Set([...ASKING.map(([name]) => name), ...LOCAL])
  assert.deepEqual(
    COMMANDS.map(({ name }) => name).filter(name => !tried.has(name)),
    [],
  )
})

test('an error of the server, in any shape, is printed without what it does to a terminal', async () => {
  const problem = { status: 400, code: `CODE${HOSTILE}`, detail: `Not ${HOSTILE} here.`, title: HOSTILE }
  const answers = [
    { status: 400, body: JSON.stringify(problem), type: 'application/problem+json' },
    { status: 500, body: `<html>${HOSTILE}</html>`, type: 'text/html' },
    { status: 401, body: HOSTILE, type: 'text/plain' },
    { status: 200, body: HOSTILE, type: 'application/json' },
    // What is read as a text, a list or a time is something else, and is said to be.
    { status: 200, body: JSON.stringify(HOSTILE), type: 'application/json' },
    {
      status: 200,
      body: JSON.stringify({ value: [HOSTILE], token: HOSTILE, now: HOSTILE }),
      type: 'application/json',
    },
  ]
  for (const each of answers) {
    answer = each
    for (const isTerminal of [true, false]) {
      for (const args of ASKING) {
        for (const more of [
          [],
          ...(['token', 'revoke', 'keys', 'app'].includes(args[0]!) ? [] : [['--json']]),
        ]) {
          const env = { STANDDOWN_URL: url, STANDDOWN_TOKEN: 't' }
          const { out, err } = await session({ env, isTerminal }).run(...args, ...more)
          const said = withoutOurs(out + err)
          assert.doesNotMatch(
            said,
            UNFIT,
            `${args.join(' ')} ${more} ${each.body.slice(0, 40)}: ${JSON.stringify(said)}`,
          )
        }
      }
    }
  }
})

test('what a server’s file, an argument or a command that there is not says, as well', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'standdown-cli-'))
  t.after(() => rmSync(directory, { recursive: true }))
  for (const [args, env] of [
    [[`frob${HOSTILE}`], {}],
    [['token', `--${HOSTILE}`], {}],
    [['apply', `x${HOSTILE}`], {}],
    [['clock', HOSTILE], {}],
    [['status'], { STANDDOWN_URL: `nonsense${HOSTILE}` }],
    [['status'], { DATA_DIR: `${directory}/${HOSTILE.replaceAll('\0', '')}` }],
    [['env'], { STANDDOWN_URL: url, STANDDOWN_TOKEN: HOSTILE }],
  ] as const) {
    const { out, err } = await session({ env, isTerminal: true }).run(...args)
    assert.doesNotMatch(withoutOurs(out + err), UNFIT, args.join(' '))
  }
})

test('the one place that writes lets nothing through, whatever it is handed', () => {
  const io = (isTerminal: boolean) => {
    let text = ''
    const put = (more: string) => {
      text += more
    }
    const base = { stdout: put, stderr: put, env: {}, isTerminal, confirm: null }
    return { io: printable(base as never), text: () => text }
  }
  const paint = palette({ isTerminal: true, env: {} })
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (string, isTerminal) => {
      const { io: out, text } = io(isTerminal)
      out.stdout(paint.red(plain(string)))
      out.stderr(`${paint.bold(string)}${HOSTILE}`)
      assert.doesNotMatch(withoutOurs(text()), UNFIT)
    }),
  )
  const { io: out, text } = io(true)
  out.stdout(`${paint.red('a')}\tb\n`)
  assert.equal(text(), '\u001b[31ma\u001b[39m\tb\n', 'our own colours, tabs and line feeds are there')
})

test('JSON says what it was given, in escapes; a raw mail goes into a file as it is', async () => {
  const text = json({ title: HOSTILE })
  assert.doesNotMatch(text, UNFIT)
  assert.deepEqual(JSON.parse(text), { title: HOSTILE })
  const raw = `Subject: x\r\n\r\n${HOSTILE}\r\n`
  answer = { status: 200, body: JSON.stringify({ raw }), type: 'application/json' }
  const env = { STANDDOWN_URL: url, STANDDOWN_TOKEN: 't' }
  const { out, err } = await session({ env }).run('mail', 'x', '--raw')
  assert.equal(out, raw, err)
  assert.doesNotMatch((await session({ env, isTerminal: true }).run('mail', 'x', '--raw')).out, UNFIT)
})
