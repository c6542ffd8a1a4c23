import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { COMMANDS } from '../../server/src/cli/run-cli.ts'
import { filesBelow } from '../architecture/source-files.ts'
import { session } from './terminal-session.ts'

test('every command explains itself, and the overview names them all', async () => {
  const { run } = session()
  const overview = await run('--help')
  assert.equal(overview.code, 0)
  for (const command of COMMANDS) {
    assert.match(overview.out, new RegExp(`^  ${command.name} `, 'm'))
    for (const args of [
      [command.name, '--help'],
      ['help', command.name],
      [command.name, '-h'],
    ]) {
      const help = await run(...args)
      assert.equal(help.code, 0, args.join(' '))
      assert.ok(help.out.startsWith(command.summary), args.join(' '))
      assert.match(help.out, new RegExp(`Usage: \\./standdown ${command.name}`))
      for (const option of Object.keys(command.options)) assert.match(help.out, new RegExp(`--${option}\\b`))
    }
  }
  assert.equal((await run()).out, overview.out)
})

test('the version is that of the checkout', async () => {
  for (const asked of ['--version', '-v']) {
    const { code, out } = await session().run(asked)
    assert.deepEqual([code, out], [0, '1.2.3\n'])
  }
})

test('docs/cli.md describes every command and every option', () => {
  const docs = filesBelow('docs', ['cli.md'])[0]!.text
  for (const command of COMMANDS) {
    const from = docs.indexOf(`## ${command.name}\n`)
    assert.ok(from !== -1, `${command.name} has a section`)
    const until = docs.indexOf('\n## ', from + 1)
    const section = docs.slice(from, until === -1 ? undefined : until)
    for (const option of Object.keys(command.options))
      assert.ok(section.includes(`--${option}`), `${command.name} --${option}`)
  }
})

test('wrong usage says what is right, with exit code 2', async () => {
  const { run } = session()
  for (const args of [
    ['frobnicate'],
    ['token'],
    ['token', '--user', 'a@x.example', '--app', 'b'],
    ['token', '--colour', 'red'],
    ['cancel'],
    ['cancel', 'id', '--key', 'k'],
    ['cancel', '--key', 'k', '--token', 't'],
    ['cancel', '--trigger', 't'],
    ['cancel', '--token', 't', '--app', 'a'],
    ['cancel', '--token', 't', '--entity', 'e'],
    ['cancel', '--key', 'k', '--agent', 'a@x.example'],
    ['cancel', 'id', '--early', '1h'],
    ['app'],
    ['webhook-secret', 'show'],
    ['webhook-secret', 'frob', 'x'],
    ['webhook-secret', 'list', '--overlap', '1d'],
    ['backup'],
    ['clock', '+1d', '+2d'],
    ['clock', '+1.5d'],
    ['cancel', '--key', 'k', '--wait', 'long'],
    ['receipt', '--wait', '1e3'],
  ]) {
    const { code, out, err } = await run(...args)
    assert.equal(code, 2, `${args.join(' ')}: ${err}`)
    assert.equal(out, '')
    assert.match(err, /standdown: /)
  }
})

test('without a running server a command says what to do, with exit code 3', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'standdown-cli-'))
  try {
    const { run } = session({ cwd: directory })
    for (const args of [
      ['status'],
      ['env'],
      ['mail'],
      ['clock'],
      ['demo'],
      ['app', 'x'],
      ['receipt'],
      ['token', '-a', 'x'],
    ]) {
      const { code, out, err } = await run(...args)
      assert.equal(code, 3, args.join(' '))
      assert.equal(out, '')
      assert.match(err, /npm start/)
      assert.match(err, /STANDDOWN_URL/)
    }
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('a server that is gone, and a damaged file of its address', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'standdown-cli-'))
  try {
    const { run } = session({ env: { DATA_DIR: directory } })
    const file = join(directory, 'server.json')
    // Port 9 (discard) of loopback: nobody listens there.
    await writeFile(file, JSON.stringify({ url: 'http://127.0.0.1:9', tlsUrl: null, token: 't', pid: 1 }))
    await chmod(file, 0o600)
    const gone = await run('status')
    assert.equal(gone.code, 3)
    assert.match(gone.err, /No server answers at http:\/\/127\.0\.0\.1:9/)
    await writeFile(file, '{"url":')
    const damaged = await run('status')
    assert.equal(damaged.code, 3)
    assert.match(damaged.err, /damaged/)
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('start, backup and restore are handed on, with absolute paths', async () => {
  const { run, calls } = session({ cwd: '/somewhere' })
  assert.equal((await run('start')).code, 0)
  assert.match((await run('backup', 'all.standdown')).out, /2 rows, 10 bytes/)
  await run('restore', '/elsewhere/all.standdown')
  assert.deepEqual(calls, ['start', 'backup /somewhere/all.standdown', 'restore /elsewhere/all.standdown'])
})

test('doctor fails for what is broken, not for a warning', async () => {
  const warning = { name: 'mail', is: 'warning', detail: 'kept', advice: 'set SMTP_URL' } as const
  const fine = await session({ checks: [warning] }).run('doctor')
  assert.equal(fine.code, 0)
  assert.match(fine.out, /set SMTP_URL/)
  const broken = { name: 'database', is: 'broken', detail: 'away' } as const
  assert.equal((await session({ checks: [warning, broken] }).run('doctor')).code, 1)
  const json = await session({ checks: [broken] }).run('doctor', '--json')
  assert.deepEqual(JSON.parse(json.out), [broken])
})
