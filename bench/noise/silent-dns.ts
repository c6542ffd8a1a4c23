// Loaded before the server of the fairness row: whoever asks for a name asks the DNS server at BENCH_DNS, which never answers.

import dns from 'node:dns/promises'
import { syncBuiltinESMExports } from 'node:module'

const { Resolver } = dns
const server = process.env.BENCH_DNS ?? ''
if (server === '') throw new Error('BENCH_DNS is not set')

dns.Resolver = class extends Resolver {
  constructor(options?: ConstructorParameters<typeof Resolver>[0]) {
    super(options)
    this.setServers([server])
  }
}
syncBuiltinESMExports()
