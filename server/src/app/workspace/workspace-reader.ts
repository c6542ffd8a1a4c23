// The reading process of the workspace files that somebody sends. They are few and long, so they have a process of their own, and
// no HTML body waits for them. It is started when the first file comes.

import { Reader, type ReaderOptions } from '../../reader/reader.ts'
import type { jobs } from './workspace-jobs.ts'

export type WorkspaceReader = Reader<typeof jobs>

/** Of a processor: a file at every limit takes three seconds of one of today. */
const TIME_MS = 8000

export function createWorkspaceReader(options?: ReaderOptions): WorkspaceReader {
  return new Reader(new URL('./workspace-jobs.ts', import.meta.url), {
    timeMs: TIME_MS,
    waitMs: 30_000,
    waiting: { all: 10, each: 2 },
    ...options,
  })
}
