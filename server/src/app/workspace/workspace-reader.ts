// Reads the workspace files that somebody sends. They are few and long, so they have a reading process of their own, and
// nobody's HTML waits for them. It is started when the first one comes.

import { Reader, type ReaderOptions } from '../../reader/reader.ts'
import type { jobs } from './workspace-jobs.ts'

export type WorkspaceReader = Reader<typeof jobs>

/** A file at every limit takes three seconds of a processor of today, and a busy machine needs more. */
const TIME_MS = 20_000

export function createWorkspaceReader(options?: ReaderOptions): WorkspaceReader {
  return new Reader(new URL('./workspace-jobs.ts', import.meta.url), {
    timeMs: TIME_MS,
    waitMs: 30_000,
    waiting: { all: 10, each: 2 },
    ...options,
  })
}
