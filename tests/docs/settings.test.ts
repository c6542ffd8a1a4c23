// README's table of settings against the code, both ways: what is read from the environment is explained, what is explained
// is read and does something, and its default is the one of the code.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../server/src/config/config.ts'
import { filesBelow, filesNamed } from '../architecture/source-files.ts'

const [readme] = filesNamed(['README.md'])

/** Name → what its row says is the default. */
function settingsOfReadme(): Map<string, string> {
  const section = readme!.text.split('\n## Settings\n')[1]!.split('\n## ')[0]!
  const rows = section.split('\n').filter(line => line.startsWith('| `'))
  return new Map(
    rows.flatMap(row => {
      const [, names = '', fallback = ''] = row.split('|').map(cell => cell.trim())
      return [...names.matchAll(/`([A-Z_]+)`/g)].map(
        ([, name]) => [name!, fallback.replaceAll('`', '')] as const,
      )
    }),
  )
}

function settingsOfCode(): Set<string> {
  const asked = new Set<string>()
  const env = new Proxy({}, { get: (_, name) => void asked.add(String(name)) })
  readConfig(env, '/srv')
  return asked
}

test('every setting stands in the README, and nothing else does', () => {
  assert.deepEqual([...settingsOfReadme().keys()].sort(), [...settingsOfCode()].sort())
})

test('every setting does something', () => {
  const code = filesBelow('server/src', ['.ts']).filter(({ path }) => path !== 'server/src/config/config.ts')
  const idle = Object.keys(readConfig({}, '/srv')).filter(
    key =>
      !code.some(({ text }) => new RegExp(`\\b${key}\\b`).test(text.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, ''))),
  )
  assert.deepEqual(idle, [])
})

test('a default that is a value is the one that the code takes', () => {
  const unset = readConfig({}, '/srv')
  const isValue = /^(\d+\w?|[\d.]+|\.\/\w+|off|warn|\w+ <\S+@\S+>)$/
  const values = [...settingsOfReadme()].filter(([, fallback]) => isValue.test(fallback))
  assert.deepEqual(
    values.map(([name]) => name),
    [
      'PORT',
      'TLS_PORT',
      'HOST',
      'DATA_DIR',
      'MAIL_FROM',
      'TRUST_PROXY',
      'RETENTION',
      'STANDDOWN_LEASE_MS',
      'LOG_LEVEL',
      'HSTS',
    ],
  )
  for (const [name, fallback] of values)
    assert.deepEqual(readConfig({ [name]: fallback }, '/srv'), unset, `${name}=${fallback}`)
})
