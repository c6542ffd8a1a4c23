// The pages at which somebody signs in and out. In the demo the page has a choice of people. Otherwise it says how to get a link. Another
// page is what such a link leads to.

import { type Html, html } from '../../http/html.ts'
import { layout } from '../native/pages/layout.ts'

export type SignInPage = {
  /** Null: the demo is off. */
  readonly people:
    | readonly {
        readonly id: string
        readonly name: string
        readonly upn: string
        readonly roles: readonly string[]
      }[]
    | null
  /** Where to go afterwards, on this server. */
  readonly next: string
  readonly signedInAs: string | null
}

export function signInPage({ people, next, signedInAs }: SignInPage): Html {
  return layout({
    title: 'Sign in',
    body: html`<h1>Sign in</h1>
${signedInAs !== null && html`<p>You are signed in as ${signedInAs}.</p>`}
${people ? choice(people, next) : html`<p>Ask whoever runs this server for a sign-in link.</p>`}
${signedInAs !== null && html`<form method="post" action="/signout"><button type="submit">Sign out</button></form>`}`,
  })
}

function choice(people: NonNullable<SignInPage['people']>, next: string): Html {
  return html`<p>This is the demo: choose who you are.</p>
<form method="post" action="/signin">
<input type="hidden" name="return_to" value="${next}">
${people.map(
  person => html`<p><button type="submit" name="person" value="${person.id}">${person.name}</button>
<span>${person.upn}, ${person.roles.join(', ')}</span></p>
`,
)}</form>`
}

/** Asks before a link signs a person in: merely opening the link must not do it. */
export function linkPage(page: {
  readonly name: string
  readonly upn: string
  readonly code: string
  /** Where to go afterwards, on this server. */
  readonly next: string
  readonly signedInAs: string | null
}): Html {
  const { name, upn, code, next, signedInAs } = page
  return layout({
    title: 'Sign in',
    body: html`<h1>Sign in as ${name}?</h1>
<p>This link is for ${upn}. It works once.</p>
${signedInAs !== null && html`<p>You are signed in as ${signedInAs} now.</p>`}
<form method="post" action="/signin">
<input type="hidden" name="code" value="${code}">
<input type="hidden" name="return_to" value="${next}">
<p><button type="submit">Sign in as ${name}</button></p>
</form>`,
  })
}

/**
 * Asks before a person is signed out, because an app, or any page, may have sent the browser here. `fields`: the parameters of the request,
 * which the form sends again.
 */
export function signOutPage(page: {
  readonly name: string
  readonly action: string
  readonly fields: { readonly [name: string]: string | undefined }
}): Html {
  const fields = Object.entries(page.fields).filter(([name]) => name !== 'confirm')
  return layout({
    title: 'Sign out',
    body: html`<h1>Sign out?</h1>
<p>You are signed in as ${page.name}.</p>
<form method="post" action="${page.action}">
${fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<p><button type="submit" name="confirm" value="yes">Sign out</button></p>
</form>`,
  })
}

/** Goes on to another address by itself. It replaces the redirect of a form. */
export function onwardPage(next: string): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0;url=${next}">
<title>Going on · Standdown</title>
</head>
<body><p><a href="${next}">Go on</a></p></body>
</html>
`
}
