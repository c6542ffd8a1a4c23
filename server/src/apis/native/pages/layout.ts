// The frame of every page that the server makes.

import { type Html, type HtmlValue, html } from '../../../http/html.ts'

export type Page = {
  readonly title: string
  readonly body: Html
  /** Shown at the right of the top line. */
  readonly aside?: HtmlValue
  /** The browser reloads the page after this many seconds, so that it stays up to date without a script. */
  readonly refreshSeconds?: number
}

export function layout(page: Page): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${page.refreshSeconds !== undefined && html`<meta http-equiv="refresh" content="${page.refreshSeconds}">`}
<title>${page.title} · Standdown</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect x='2' y='6' width='12' height='4' rx='1' fill='%232e6b46'/%3E%3C/svg%3E">
<link rel="stylesheet" href="/standdown.css">
</head>
<body>
<div class="page">
<header class="top"><a class="name" href="/">Standdown</a><span>${page.aside}</span></header>
<main>
${page.body}
</main>
</div>
</body>
</html>
`
}
