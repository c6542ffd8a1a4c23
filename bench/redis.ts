// BullMQ on a redis-server with append-only fsync always, where one is installed: the durability that our commits have.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { Queue } from 'bullmq'
import { freshDirectory } from './fresh-directory.ts'
import { inProcess, type Meter } from './processes.ts'
import { FAR_AHEAD_MS } from './stand.ts'

export const NO_REDIS = 'no redis-server is installed'

export type Bull = AsyncDisposable & {
  readonly queue: Queue
  /** Of this process, where BullMQ's client works, and Redis. */
  readonly meter: Meter
}

export function redisInstalled(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0
}

export async function openBull(): Promise<Bull> {
  const dir = freshDirectory()
  const port = await freePort()
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir]
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
  const redis = spawn('redis-server', [...place, ...durable], { stdio: ['ignore', 'pipe', 'ignore'] })
  await new Promise<void>((resolve, reject) => {
    redis.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('Ready to accept connections')) resolve()
    })
    redis.once('exit', code => reject(new Error(`redis-server ended with ${code} before it was ready`)))
  })
  const queue = new Queue('bench', { connection: { host: '127.0.0.1', port } })
  await queue.waitUntilReady()
  return {
    queue,
    meter: inProcess(redis.pid!),
    async [Symbol.asyncDispose]() {
      await queue.close()
      redis.kill('SIGKILL')
      await once(redis, 'exit')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Delayed jobs with ids `prefix` and a number. */
export async function seedBull(
  { queue }: Bull,
  { prefix, count }: { readonly prefix: string; readonly count: number },
): Promise<void> {
  const step = 5000
  for (let at = 0; at < count; at += step) {
    await queue.addBulk(
      Array.from({ length: Math.min(step, count - at) }, (_, i) => ({
        name: 'an action',
        data: { to: 'somebody@example.com' },
        opts: { jobId: `${prefix}${at + i}`, delay: FAR_AHEAD_MS },
      })),
    )
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
