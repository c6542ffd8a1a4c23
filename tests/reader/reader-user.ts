// A program that has something read, says by which process, and then has nothing left to do. `endless`: it has something read
// for ever, and says so.

import { Reader } from '../../server/src/reader/reader.ts'
import type { jobs } from './reader-jobs.ts'

const reader = new Reader<typeof jobs>(new URL('./reader-jobs.ts', import.meta.url))
const pid = await reader.read('pid', null, 'somebody')
if (process.argv[2] === 'endless') {
  void reader.read('endless', null, 'somebody')
  // By then it has been asked.
  setImmediate(() => console.log(pid))
} else console.log(pid)
