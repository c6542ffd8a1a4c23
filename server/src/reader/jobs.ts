// What can be read, by name. A job is a pure function from what a stranger wrote to what we make of it, run in the reading
// process: it may throw a Fault, which its caller gets.

import { readHtml } from './html/read-html.ts'

export type Jobs = { readonly [name: string]: (input: never) => unknown }

export const jobs = { html: readHtml } satisfies Jobs
