// Finds what would keep the server from running well, without starting it. Each check says what to do.

import { mkdirSync, statfsSync } from 'node:fs'
import type { CliIo, DoctorCheck } from '../cli/cli-io.ts'
import { type Config, readConfig } from '../config/config.ts'
import { openDatabase } from '../postgres/open-database.ts'
import { Database } from '../store/database.ts'
import { checkSchema } from '../store/migrate.ts'
import { runningServer } from './store-commands.ts'

const WANTED_MAJOR = 24
const LOW_DISK_BYTES = 1_000_000_000

export async function doctor(io: Pick<CliIo, 'env' | 'cwd'>): Promise<readonly DoctorCheck[]> {
  const checks: DoctorCheck[] = [nodeCheck()]
  let config: Config
  try {
    config = readConfig(io.env, io.cwd)
    checks.push({ name: 'settings', is: 'ok', detail: 'the environment reads well' })
  } catch (error) {
    return [...checks, { name: 'settings', is: 'broken', detail: messageOf(error) }]
  }
  checks.push(diskCheck(config.dataDir))
  checks.push(await databaseCheck(config))
  checks.push(mailCheck(config))
  checks.push(await serverCheck(config))
  return checks
}

function nodeCheck(): DoctorCheck {
  const ok = Number(process.versions.node.split('.')[0]) >= WANTED_MAJOR
  const advice = 'Run npm ci again: it brings its own Node.'
  return { name: 'node', is: ok ? 'ok' : 'broken', detail: process.version, ...(ok ? {} : { advice }) }
}

function diskCheck(dataDir: string): DoctorCheck {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    const { bavail, bsize } = statfsSync(dataDir)
    const free = bavail * bsize
    const detail = `${(free / 1e9).toFixed(1)} GB free at ${dataDir}`
    if (free >= LOW_DISK_BYTES) return { name: 'data directory', is: 'ok', detail }
    return {
      name: 'data directory',
      is: 'warning',
      detail,
      advice: 'Make room, or set DATA_DIR to a larger disk.',
    }
  } catch (error) {
    const advice = 'Set DATA_DIR to a directory that this user may write to.'
    return { name: 'data directory', is: 'broken', detail: messageOf(error), advice }
  }
}

async function databaseCheck(config: Config): Promise<DoctorCheck> {
  const running = config.databaseUrl === null ? runningServer(config.dataDir)?.database : null
  try {
    if (running) {
      const db = new Database({ ...running, maxConnections: 1 })
      await checkSchema(db).finally(() => db.close())
      return { name: 'database', is: 'ok', detail: 'the running server’s; its schema is current' }
    }
    await using database = await openDatabase({ ...config, databaseUrl: config.databaseUrl ?? undefined })
    await checkSchema(database.db)
    const whose = database.kind === 'embedded' ? 'embedded PostgreSQL starts' : 'DATABASE_URL answers'
    return { name: 'database', is: 'ok', detail: `${whose}; its schema is current` }
  } catch (error) {
    return { name: 'database', is: 'broken', detail: messageOf(error) }
  }
}

function mailCheck(config: Config): DoctorCheck {
  if (config.smtpUrl !== null)
    return { name: 'mail', is: 'ok', detail: `goes to ${new URL(config.smtpUrl).host}` }
  const advice = 'Set SMTP_URL to send it.'
  return { name: 'mail', is: 'warning', detail: 'is kept and shown, not sent', advice }
}

async function serverCheck(config: Config): Promise<DoctorCheck> {
  // The server of this data directory may run with another PORT than this environment names.
  const running = runningServer(config.dataDir)
  if (!running && config.port === 0) return { name: 'server', is: 'ok', detail: 'will take a free port' }
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  const url = `${running?.url ?? `http://${host}:${config.port}`}/readyz`
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3000) })
    const body = await response.text()
    if (response.ok) return { name: 'server', is: 'ok', detail: `answers at ${url}` }
    return { name: 'server', is: 'broken', detail: `${url} says ${response.status}: ${body.slice(0, 300)}` }
  } catch {
    if (running)
      return {
        name: 'server',
        is: 'broken',
        detail: `its process ${running.pid} runs, and does not answer at ${url}`,
      }
    return { name: 'server', is: 'ok', detail: `is not running; ${config.host}:${config.port} is free` }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
