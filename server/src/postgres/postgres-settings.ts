// The settings of the embedded PostgreSQL: for a small machine and very many small commits, none of which may be lost.

const SETTINGS: { readonly [name: string]: string } = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  shared_buffers: '128MB',
  effective_cache_size: '1GB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  random_page_cost: '1.1',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  // Without replicas and archive, bulk loads into new tables write no WAL.
  wal_level: 'minimal',
  max_wal_senders: '0',
  // More WAL means a longer recovery after a kill -9; less means that whole pages are written more often.
  max_wal_size: '1GB',
  min_wal_size: '256MB',
  checkpoint_timeout: '5min',
  // The rows of the hot tables change every second.
  autovacuum_naptime: '10s',
  autovacuum_vacuum_scale_factor: '0.05',
  autovacuum_vacuum_insert_scale_factor: '0.1',
  autovacuum_analyze_scale_factor: '0.05',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // `log` leaves errors of single statements out: the server reports those itself, without their values.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
  log_destination: 'stderr',
  logging_collector: 'off',
  log_line_prefix: '',
}

/** PostgreSQL's arguments for these settings and a socket in `socketDirectory`. */
export function settingArguments(socketDirectory: string, maxConnections = 100): string[] {
  const all = {
    ...SETTINGS,
    max_connections: String(maxConnections),
    unix_socket_directories: socketDirectory,
  }
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
