// Wires the engine: its database, its figures, and how it names this process to others.

import { hostname } from 'node:os'
import { Engine } from '../engine/engine.ts'
import type { Http } from '../http/server.ts'
import type { ComposeNeeds } from './compose-needs.ts'
import { watchEngine } from './figures.ts'

export function wireEngine(needs: ComposeNeeds, http: Http): Engine {
  const { config, random, metrics } = needs
  const engine: Engine = new Engine({
    db: needs.database.db,
    random,
    maxQueue: needs.maxQueue,
    watch: watchEngine(metrics, () => engine.kinds),
    runner: {
      leaseMs: config.leaseMs,
      beatMs: Math.min(1000, config.leaseMs / 5),
      ...needs.runner,
      host: hostname(),
      pid: process.pid,
      onError: (where, error) => http.app.log.error({ where, err: error }, 'engine'),
    },
  })
  return engine
}
