// What the reading process of workspace files does: see reader/jobs.ts.

import type { Jobs } from '../../reader/jobs.ts'
import { readWorkspaceFile } from './read-workspace-file.ts'

export const jobs = { workspace: readWorkspaceFile } satisfies Jobs
