import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { spec, type TestEvent } from 'node:test/reporters'
import { FileReports } from './file-reports.ts'

function event(type: 'test:start' | 'test:pass' | 'test:fail', name: string, nesting = 0): TestEvent {
  const error = Object.assign(new Error(`${name} went wrong`), { failureType: 'testCodeFailure' })
  const details = { duration_ms: 1, ...(type === 'test:fail' ? { error } : {}) }
  return {
    type,
    data: { name, nesting, file: `/${name}`, line: 1, column: 1, details },
  } as unknown as TestEvent
}

function reportsTo(): { readonly reports: FileReports; readonly printed: () => string } {
  const output = new PassThrough()
  let text = ''
  output.on('data', chunk => {
    text += chunk
  })
  return { reports: new FileReports(output), printed: () => text }
}

test('why each file is reported in one piece: a reporter that is told of two suites at once throws', () => {
  const report = new spec().resume()
  report.write(event('test:start', 'suite of a'))
  report.write(event('test:start', 'suite of b'))
  assert.throws(() => report.write(event('test:pass', 'suite of a')), assert.AssertionError)
})

test('a file that was stopped in a suite does not silence the files after it', async () => {
  const { reports, printed } = reportsTo()
  await reports.add([
    event('test:start', 'open suite'),
    event('test:start', 'inner', 1),
    event('test:pass', 'inner', 1),
  ])
  await reports.add([event('test:start', 'next file'), event('test:pass', 'next file')])
  await reports.end()
  assert.match(printed(), /✔ next file/)
})

test('what failed in any file is printed in full at the end', async () => {
  const { reports, printed } = reportsTo()
  await Promise.all([
    reports.add([event('test:start', 'suite a'), event('test:fail', 'suite a')]),
    reports.add([event('test:start', 'suite b'), event('test:pass', 'suite b')]),
  ])
  const before = printed().length
  await reports.end()
  assert.match(printed().slice(0, before), /✖ suite a[\s\S]*✔ suite b/)
  assert.match(printed().slice(before), /failing tests:[\s\S]*suite a went wrong/)
})
