// What `npm run bench` can measure, by name, in the order of the table.

import { cancelRows } from './rows/cancel-rows.ts'
import { fairnessRows } from './rows/fairness-rows.ts'
import { httpRow } from './rows/http-row.ts'
import { hugeCancelRow } from './rows/huge-cancel-row.ts'
import { loopRow } from './rows/loop-row.ts'
import { previewRows } from './rows/preview-rows.ts'
import { processRows } from './rows/process-rows.ts'
import { reportRow } from './rows/report-row.ts'
import { runRow } from './rows/run-row.ts'
import { storageRows } from './rows/storage-rows.ts'
import { timersRow } from './rows/timers-row.ts'
import { treeRows } from './rows/tree-rows.ts'
import type { Size } from './size.ts'
import type { Row } from './table.ts'

export type Measure = {
  readonly name: string
  readonly about: string
  rows(size: Size): Promise<readonly Row[]>
}

export const MEASURES: readonly Measure[] = [
  { name: 'report', about: 'reports in process, beside BullMQ', rows: async size => [await reportRow(size)] },
  { name: 'run', about: 'due effects, beside graphile-worker', rows: async size => [await runRow(size)] },
  { name: 'cancel', about: 'cancels among a million, beside BullMQ and Restate', rows: cancelRows },
  {
    name: 'http',
    about: 'reports over HTTP, beside an empty handler',
    rows: async size => [await httpRow(size)],
  },
  {
    name: 'huge',
    about: 'one cancel over a million effects',
    rows: async size => [await hugeCancelRow(size)],
  },
  { name: 'trees', about: 'one cancel of trees of several shapes', rows: treeRows },
  { name: 'previews', about: 'previews of the same trees', rows: previewRows },
  { name: 'timers', about: 'how late timers are', rows: async size => [await timersRow(size)] },
  { name: 'process', about: 'ready again after kill -9; memory', rows: processRows },
  { name: 'fairness', about: 'what one tenant notices of another’s worst', rows: fairnessRows },
  {
    name: 'loop',
    about: 'the event loop under the longest texts',
    rows: async size => [await loopRow(size)],
  },
  { name: 'storage', about: 'disk and log for each', rows: storageRows },
]
