// README's table of settings against the code, both ways: what is read from the environment is explained, what is explained
// is read and does something, and its default is the one of the code.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../server/src/config/config.ts'
import { filesBelow, filesNamed } from '../architecture/source-files.ts'
import { settingsOfCode, settingsOfReadme } from './settings.ts'

const [readme] = filesNamed(['README.md'])

test('every setting stands in the README, and nothing else does', () => {
  assert.deepEqual([...settingsOfReadme(readme!.text).keys()].sort(), [...settingsOfCode(readConfig)].sort())
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
  const values = [...settingsOfReadme(readme!.text)].filter(([, fallback]) => isValue.test(fallback))
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
