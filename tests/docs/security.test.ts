// docs/security.md: every promise names its test, every test that it names is there, and the log's table is the log's.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SECURITY_EVENTS } from '../../server/src/auth/security-log.ts'
import { COMMANDS } from '../../server/src/cli/run-cli.ts'
import { filesBelow, ROOT } from '../architecture/source-files.ts'

const page = filesBelow('docs', ['security.md'])[0]!.text

/** The rows of the table below a heading, without its head. */
function rowsBelow(heading: string): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return section
    .split('\n')
    .filter(line => line.startsWith('|'))
    .slice(2)
    .map(line =>
      line
        .slice(1, -1)
        .split('|')
        .map(cell => cell.trim()),
    )
}

test('every threat names tests that there are', () => {
  const threats = rowsBelow('Threats')
  assert.ok(threats.length >= 15)
  for (const [threat, , tests = ''] of threats) {
    const files = [...tests.matchAll(/`([^`]+)`/g)].map(match => match[1]!)
    assert.ok(files.length > 0, threat)
    for (const file of files) {
      assert.match(file, /^tests\/.*\.test\.ts$/, threat)
      assert.ok(existsSync(join(ROOT, file)), `${threat}: there is no ${file}`)
    }
  }
})

test('the table of the security log has its events, with their own words', () => {
  const rows = rowsBelow('The security log')
  assert.deepEqual(
    rows.map(([name]) => name),
    Object.keys(SECURITY_EVENTS).map(name => `\`${name}\``),
  )
  for (const [index, meaning] of Object.values(SECURITY_EVENTS).entries())
    assert.ok(rows[index]?.[1]?.startsWith(meaning), `${rows[index]?.[0]}: ${meaning}`)
})

test('the commands for after a leak are there', () => {
  for (const [, name, rest] of page.matchAll(/`\.\/standdown (\S+)([^`]*)`/g)) {
    const command = COMMANDS.find(each => each.name === name)
    assert.ok(command, name)
    for (const [, option] of rest!.matchAll(/--(\w+)/g))
      assert.ok(option! in command.options, `${name} --${option}`)
  }
})
