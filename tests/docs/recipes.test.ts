// The recipes of CONTRIBUTING.md, followed on a copy where that is cheap: what they say is enough, and what is left out is noticed.

import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { wixError } from '../../server/src/apis/automations/wix-error.ts'
import { asGraphFault } from '../../server/src/apis/graph/faults.ts'
import type { CliIo } from '../../server/src/cli/cli-io.ts'
import type { readConfig } from '../../server/src/config/config.ts'
import { faults } from '../../server/src/core/fault.ts'
import { problemOf } from '../../server/src/http/problem-of.ts'
import { refuseStrange } from '../../server/src/store/migrate.ts'
import { knownMigrations } from '../../server/src/store/migrations.ts'
import { filesNamed, ROOT } from '../architecture/source-files.ts'
import { settingsOfCode, settingsOfReadme } from './settings.ts'

/** A copy of some folders of the checkout; goes with the test. */
function copyOf(t: TestContext, folders: readonly string[]): string {
  const copy = mkdtempSync(join(tmpdir(), 'standdown-recipe-'))
  t.after(() => rmSync(copy, { recursive: true, force: true }))
  for (const folder of folders) cpSync(join(ROOT, folder), join(copy, folder), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

function insertBehind(file: string, line: string, added: string): void {
  const text = readFileSync(file, 'utf8')
  assert.equal(text.split(line).length, 2, `${file} has this line once: ${line}`)
  writeFileSync(
    file,
    text.replace(line, () => `${line}\n${added}`),
  )
}

test('a setting: field, read, row in the README', async t => {
  const copy = copyOf(t, ['server/src/config', 'server/src/core'])
  const file = join(copy, 'server/src/config/config.ts')
  insertBehind(file, 'export type Config = {', '  readonly colour: string')
  insertBehind(file, '  const config: Config = {', "    colour: read('COLOUR', 'blue', value => value),")
  const module = (await import(file)) as { readonly readConfig: typeof readConfig }
  assert.equal(Reflect.get(module.readConfig({ COLOUR: 'red' }, '/srv'), 'colour'), 'red')
  assert.equal(Reflect.get(module.readConfig({}, '/srv'), 'colour'), 'blue')

  const names = [...settingsOfCode(module.readConfig)].sort()
  const [readme] = filesNamed(['README.md'])
  assert.notDeepEqual([...settingsOfReadme(readme!.text).keys()].sort(), names, 'a missing row is noticed')
  const withRow = readme!.text.replace(/^\| `PORT` /m, '| `COLOUR` | `blue` | The colour. |\n$&')
  assert.deepEqual([...settingsOfReadme(withRow).keys()].sort(), names)
})

test('a migration: a new file with the next number; one that was applied is never edited', t => {
  const folder = join(copyOf(t, ['server/src/store/migrations']), 'server/src/store/migrations')
  const before = knownMigrations(folder)
  const next = String(before.length + 1).padStart(4, '0')
  const added = join(folder, `${next}-engine-colours.sql`)
  writeFileSync(added, 'alter table engine.event add colour text;\n')
  const after = knownMigrations(folder)
  assert.deepEqual(
    after.map(({ number }) => number),
    Array.from({ length: before.length + 1 }, (_, at) => at + 1),
    'numbers have no gaps',
  )
  assert.equal(after.at(-1)?.name, 'engine-colours')
  refuseStrange(after, after)

  writeFileSync(added, 'alter table engine.event add color text;\n')
  assert.throws(() => refuseStrange(after, knownMigrations(folder)), { code: 'MIGRATION_CHANGED' })
  writeFileSync(join(folder, `${next}-engine-again.sql`), 'select 1;\n')
  assert.throws(() => knownMigrations(folder), /two migrations have number/)
})

test('a command: a file, and its place among the commands; --help lists it', async t => {
  const copy = copyOf(t, ['server/src/cli'])
  writeFileSync(
    join(copy, 'server/src/cli/commands/wave.ts'),
    `import type { Command } from '../command.ts'
export const waveCommand: Command = {
  name: 'wave',
  summary: 'Waves.',
  usage: '',
  options: { twice: { type: 'boolean', help: 'and once more' } },
  words: [0, 0],
  async run({ io, flags }) {
    io.stdout(flags.twice === true ? 'o/ o/' : 'o/')
    return 0
  },
}
`,
  )
  const file = join(copy, 'server/src/cli/run-cli.ts')
  insertBehind(file, 'export const COMMANDS: readonly Command[] = [', '  waveCommand,')
  writeFileSync(file, `import { waveCommand } from './commands/wave.ts'\n${readFileSync(file, 'utf8')}`)
  const { runCli } = (await import(file)) as {
    readonly runCli: (args: readonly string[], io: CliIo) => Promise<number>
  }
  const run = async (...args: string[]): Promise<string> => {
    const printed: string[] = []
    const print = (text: string) => void printed.push(text)
    const io = { stdout: print, stderr: print, env: {}, version: '1.2.3', cwd: '/srv' }
    await runCli(args, io as unknown as CliIo)
    return printed.join('')
  }
  assert.match(await run('--help'), /^ {2}wave +Waves\.$/m)
  assert.match(await run('wave', '--help'), /--twice +and once more/)
  assert.equal(await run('wave', '--twice'), 'o/ o/')
})

test('a fault: its code and sentence in every API, without a further line', () => {
  const fault = faults({ WRONG_COLOUR: { status: 400, message: '{colour} is no colour.' } }).WRONG_COLOUR({
    colour: 'loud',
  })
  const { code, status, detail } = problemOf(fault)
  assert.deepEqual([code, status, detail], ['WRONG_COLOUR', 400, 'loud is no colour.'])
  assert.equal(asGraphFault(fault).code, 'BadRequest')
  assert.match(JSON.stringify(wixError(fault)), /WRONG_COLOUR/)
})
