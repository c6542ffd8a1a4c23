// The receiver of docs/webhooks.md, run as it stands there.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { webhookSecretText } from '../../server/src/delivery/webhook/webhook-secrets.ts'
import { calm, startedEffect } from './started-effect.ts'
import { SECRET, webhookCarriers } from './webhook-receiver.ts'

async function exampleReceiver() {
  const docs = await readFile(new URL('../../docs/webhooks.md', import.meta.url), 'utf8')
  const source = /## A whole receiver\n\n```js\n([\s\S]*?)```/.exec(docs)?.[1]
  assert.ok(source, 'docs/webhooks.md has no receiver')
  const folder = await mkdtemp(join(tmpdir(), 'receiver-'))
  const file = join(folder, 'receiver.mjs')
  await writeFile(file, source)
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, PORT: '0', WEBHOOK_SECRET: webhookSecretText(SECRET) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const { value } = await lines.next()
  return {
    url: `http://127.0.0.1:${String(value).replace('listening on ', '')}/hook`,
    nextLine: async () => String((await lines.next()).value),
    async [Symbol.asyncDispose]() {
      child.kill()
      await exited
      await rm(folder, { recursive: true })
    },
  }
}

test('the receiver of docs/webhooks.md verifies, sees repeats, and answers a withdrawal', async () => {
  await using receiver = await exampleReceiver()
  using carriers = webhookCarriers({ now: () => new Date() })
  const call = (seat: string) =>
    startedEffect('webhook.call', { url: receiver.url, type: 'booking.reminded', payload: { seat } })
  const withdraw = (effect: ReturnType<typeof call>) => {
    const notice = carriers.call.withdraw!(effect)!
    return carriers.withdraw.run(startedEffect(notice.kind, notice.data, { noticeOf: effect.id }), calm)
  }

  const made = call('1')
  assert.equal((await carriers.call.run(made, calm)).is, 'done')
  assert.equal((await carriers.call.run(made, calm)).is, 'done')
  const late = await withdraw(made)
  assert.equal(late.is === 'done' && late.result?.outcome, 'too_late')

  const never = call('2')
  const early = await withdraw(never)
  assert.equal(early.is === 'done' && early.result?.outcome, 'stopped')
  // It overtook its call, which then must not happen.
  assert.equal((await carriers.call.run(never, calm)).is, 'done')

  using forger = webhookCarriers({ now: () => new Date(), secretFor: async () => Buffer.alloc(32, 1) })
  assert.match(JSON.stringify(await forger.call.run(call('3'), calm)), /401/)
  using replayed = webhookCarriers({ now: () => new Date(0) })
  assert.match(JSON.stringify(await replayed.call.run(call('4'), calm)), /401/)

  await carriers.call.run(call('5'), calm)
  assert.equal(await receiver.nextLine(), 'do booking.reminded {"seat":"1"}')
  assert.equal(await receiver.nextLine(), 'do booking.reminded {"seat":"5"}')
})
