// Laws that a reviewer should not have to remember.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesBelow } from './source-files.ts'

const FOLDERS = ['server/src', 'wire/src', 'tests', 'bench', 'client']

const FORBIDDEN: readonly { readonly what: string; readonly pattern: RegExp; readonly in: RegExp }[] = [
  { what: 'the type any', pattern: /(?::|\bas|<|,|\|)\s*any\b(?!\w)(?=\s*[;,)>=|\]}\n]|\[\])/, in: /\.ts$/ },
  { what: '@ts-ignore or @ts-nocheck', pattern: new RegExp('@ts-' + '(ignore|nocheck)'), in: /\.ts$/ },
  {
    what: 'a note to do something later',
    pattern: new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`),
    in: /\.(ts|sql)$/,
  },
  {
    what: 'a test that is skipped or alone',
    pattern: /\b(test|it|describe|suite)\.(skip|only|todo)\b|\bt\.(skip|todo)\(|\{ *(skip|only|todo):/,
    in: /\.test\.ts$/,
  },
  {
    what: 'the clock of this process',
    pattern: /\bDate\.now\(\)|\bnew Date\(\)/,
    in: /^server\/src\/(core|calendar|automations|notifications)\//,
  },
  { what: 'randomness that is not handed in', pattern: /\bMath\.random\(\)/, in: /^server\/src\// },
  {
    what: 'SQL outside of a .sql file',
    pattern: /\bquery\(\s*['"`]\s*(select|insert|update|delete|with)\b/i,
    in: /^server\/src\/(?!store\/)/,
  },
]

test('files are named for what they hold, in kebab-case, and none is a dumping ground', () => {
  const badNames = sources()
    .map(({ path }) => path)
    .filter(path => {
      const name = path.slice(path.lastIndexOf('/') + 1)
      // A function's file has the name that it has in the database.
      if (/\/sql\/functions\/[a-z0-9]+(_[a-z0-9]+)*\.sql$/.test(path)) return false
      const grounds = /^(utils?|helpers?|common|misc|types|index|manager|service)\.ts$/
      return !/^[a-z0-9]+(-[a-z0-9]+)*(\.property)?(\.test)?\.(ts|sql)$/.test(name) || grounds.test(name)
    })
  assert.deepEqual(badNames, [])
})

test('the hooks that a room hands to the engine are in its <kind>-domain.ts, and nowhere else', () => {
  const wrong = filesBelow('server/src', ['.ts'])
    .filter(({ path, text }) => path.endsWith('-domain.ts') !== /\): Domain \{|: Domain = \{/.test(text))
    .map(({ path }) => path)
  assert.deepEqual(wrong, [])
})

test('errors that callers see are in the faults.ts of their room, where they are all found', () => {
  // Those that make one again from its parts: for a page, and after the reading process has refused.
  const again = ['server/src/app/wire-http.ts', 'server/src/reader/reading-process.ts']
  const wrong = filesBelow('server/src', ['.ts'])
    .filter(({ path, text }) => /\bnew Fault\(|\bfaults\(\{/.test(text) && !path.endsWith('/faults.ts'))
    .map(({ path }) => path)
  assert.deepEqual(wrong.sort(), [...again, 'server/src/core/fault.ts'].sort())
})

for (const law of FORBIDDEN) {
  test(`nowhere ${law.what}`, () => {
    const own = 'tests/architecture/habits.test.ts'
    const broken = sources()
      .filter(({ path }) => law.in.test(path) && path !== own)
      .flatMap(({ path, text }) =>
        text
          .split('\n')
          .flatMap((line, index) =>
            law.pattern.test(uncommented(line, law.what)) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
          ),
      )
    assert.deepEqual(broken, [])
  })
}

function sources() {
  return FOLDERS.flatMap(folder => filesBelow(folder, ['.ts', '.sql']))
}

/** Without the line comment, unless the law is about comments. */
function uncommented(line: string, what: string): string {
  return what.startsWith('a note') || what.startsWith('@ts')
    ? line
    : line.replace(/(^|\s)\/\/.*$|^\s*\*.*$/, '')
}
