// The same HTTP server with nothing behind it: what the framework, the parser and the hooks cost.

import { tmpdir } from 'node:os'
import { readConfig } from '../server/src/config/config.ts'
import { loadMetrics } from '../server/src/http/metrics.ts'
import { createHttp } from '../server/src/http/server.ts'

const http = createHttp({
  metrics: await loadMetrics(),
  config: { ...readConfig({ PORT: '0', TLS_PORT: 'off', DATA_DIR: tmpdir() }, tmpdir()), logLevel: 'error' },
  now: () => new Date(),
})
http.app.post('/empty', async () => ({}))
await http.listen()
console.log(`port ${new URL(http.publicUrl()).port}`)
