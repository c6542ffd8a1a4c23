// The page of a refusal, for browsers.

import type { Problem } from '@standdown/wire/src/problem.ts'
import { type Html, html } from '../../../http/html.ts'
import { layout } from './layout.ts'

/** `path`: the page to return to after signing in. */
export function problemPage(problem: Problem, path: string): Html {
  return layout({
    title: problem.title,
    aside: `${problem.status} ${problem.code}`,
    body: html`
<h1>${problem.title}</h1>
<p class="lead">${problem.detail}</p>
${
  problem.status === 401 &&
  html`<p><a href="/signin?return_to=${encodeURIComponent(path)}">Sign in</a> first: the terminal in which the server was
started shows a link for that. <code>./standdown receipt ID</code> shows a receipt without a browser.</p>`
}
${
  problem.what === 'receipt' &&
  html`<p class="soft">Perhaps it belongs to somebody else: a receipt is shown to whoever cancelled, and to operators of
the tenant.</p>`
}
<p><a href="/">The start page</a></p>`,
  })
}
