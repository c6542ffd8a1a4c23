// A redis-server with append-only fsync always, where one is installed: the durability that our commits have.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Queue } from 'bullmq'

export type Bull = AsyncDisposable & { readonly queue: Queue }

export function redisInstalled(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0
}

export async function openBull(): Promise<Bull> {
  const dir = mkdtempSync(join(tmpdir(), 'standdown-redis-'))
  const port = await freePort()
  const redis = spawn(
    'redis-server',
    [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      dir,
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
      '--save',
      '',
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  await new Promise<void>(resolve => {
    redis.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('Ready to accept connections')) resolve()
    })
  })
  const queue = new Queue('bench', { connection: { host: '127.0.0.1', port } })
  await queue.waitUntilReady()
  return {
    queue,
    async [Symbol.asyncDispose]() {
      await queue.close()
      redis.kill('SIGKILL')
      await once(redis, 'exit')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
