// Every folder of the code has a face: the file that a reader opens first. It begins with what the folder is for and what it must
// not do. A new folder needs a line here.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesBelow, filesNamed } from './source-files.ts'

const FACES: Readonly<Record<string, string>> = {
  'client/agent': 'desktop.ts',
  'client/library': 'framework.ts',
  'server/src': 'main.ts',
  'server/src/apis/automations': 'automations-api.ts',
  'server/src/apis/graph': 'graph-api.ts',
  'server/src/apis/graph/resources': 'resources.ts',
  'server/src/apis/native': 'native-api.ts',
  'server/src/apis/native/cancellations': 'cancellation-routes.ts',
  'server/src/apis/native/effects': 'child-effects.ts',
  'server/src/apis/native/events': 'event-routes.ts',
  'server/src/apis/native/pages': 'receipt-page.ts',
  'server/src/apis/native/receipts': 'receipt-routes.ts',
  'server/src/apis/notifications': 'notifications-api.ts',
  'server/src/apis/operations': 'operations.ts',
  'server/src/apis/operations/pages': 'start-page.ts',
  'server/src/apis/sign-in': 'sign-in.ts',
  'server/src/app': 'compose.ts',
  'server/src/app/workspace': 'workspace-apply.ts',
  'server/src/auth': 'auth.ts',
  'server/src/auth/directory': 'directory.ts',
  'server/src/auth/oidc': 'people-issuer.ts',
  'server/src/auth/people': 'apply-people.ts',
  'server/src/auth/sessions': 'browser-sessions.ts',
  'server/src/auth/tokens': 'token-verifier.ts',
  'server/src/automations': 'automations.ts',
  'server/src/automations/actions': 'action-kinds.ts',
  'server/src/automations/activations': 'report-events.ts',
  'server/src/automations/language': 'program.ts',
  'server/src/backup': 'backup.ts',
  'server/src/calendar': 'calendar.ts',
  'server/src/calendar/itip': 'itip.ts',
  'server/src/calendar/mailbox': 'mailboxes.ts',
  'server/src/calendar/meeting': 'meeting.ts',
  'server/src/cli': 'run-cli.ts',
  'server/src/cli/commands': 'README.md',
  'server/src/config': 'config.ts',
  'server/src/core': 'README.md',
  'server/src/core/effects': 'effect.ts',
  'server/src/delivery': 'README.md',
  'server/src/delivery/mail': 'mail-carrier.ts',
  'server/src/delivery/webhook': 'webhook-carriers.ts',
  'server/src/engine': 'engine.ts',
  'server/src/engine/announce': 'announce.ts',
  'server/src/engine/cancel': 'cancel.ts',
  'server/src/engine/dead': 'dead-effects.ts',
  'server/src/engine/hold': 'hold.ts',
  'server/src/engine/lists': 'lists.ts',
  'server/src/engine/open-cancel': 'cancel-open.ts',
  'server/src/engine/receipt': 'read-receipt.ts',
  'server/src/engine/run': 'runner.ts',
  'server/src/engine/sandbox-clock': 'sandbox-clock.ts',
  'server/src/engine/sweep': 'sweep.ts',
  'server/src/http': 'server.ts',
  'server/src/http/listen': 'listen.ts',
  'server/src/notifications': 'notifications.ts',
  'server/src/postgres': 'embedded.ts',
  'server/src/reader': 'reader.ts',
  'server/src/reader/html': 'read-html.ts',
  'server/src/store': 'database.ts',
  'server/src/workspace': 'sections.ts',
  'wire/src': 'README.md',
}

test('every folder has a face', () => {
  const folders = ['server/src', 'wire/src', 'client']
    .flatMap(root => filesBelow(root, ['.ts']))
    .map(({ path }) => path.slice(0, path.lastIndexOf('/')))
  assert.deepEqual([...new Set(folders)].sort(), Object.keys(FACES).sort())
})

test('every face says what its folder is for and what it must not do', () => {
  const faces = filesNamed(Object.entries(FACES).map(([folder, face]) => `${folder}/${face}`))
  const found = faces.flatMap(({ path, text }) =>
    lacksOf(openingOf(path, text)).map(what => `${path}: ${what}`),
  )
  assert.deepEqual(found, [])
})

test('the check finds a face that says too little', () => {
  assert.deepEqual(lacksOf(openingOf('a.ts', "// Reads. It must not\n// write.\n\nimport 'b'")), [])
  assert.deepEqual(lacksOf(openingOf('a.md', '# a\n\nReads.\nIt never writes.\n\nMore.')), [])
  assert.deepEqual(lacksOf(openingOf('a.ts', '// Reads a.ts and must not write.')), [
    'fewer than two sentences',
  ])
  assert.deepEqual(lacksOf(openingOf('a.ts', '// Reads. Writes.\n//\n// It never sleeps.')), [
    'not what it must not do',
  ])
  assert.deepEqual(lacksOf(openingOf('a.ts', "import 'b'")).length, 2)
})

/** The first paragraph, as one line. */
function openingOf(path: string, text: string): string {
  if (path.endsWith('.md')) return (text.split('\n\n')[1] ?? '').replaceAll('\n', ' ').trim()
  return (/^(?:\/\/ .*\n?)*/.exec(text)?.[0] ?? '')
    .replaceAll(/^\/\/ /gm, '')
    .replaceAll('\n', ' ')
    .trim()
}

function lacksOf(opening: string): string[] {
  const sentences = opening.match(/\.(?= |$)/g) ?? []
  return [
    ...(sentences.length < 2 ? ['fewer than two sentences'] : []),
    ...(/\b(must not|never)\b/.test(opening) ? [] : ['not what it must not do']),
  ]
}
