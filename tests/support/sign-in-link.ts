// What somebody does with a sign-in link: opens it, and presses the button there.

/** `path`: as sessions.makeLink gives it, perhaps with a return_to. The answer has the cookie. */
export async function confirmLink(
  url: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const { searchParams } = new URL(path, url)
  return fetch(`${url}/signin`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: new URL(url).origin, ...headers },
    body: new URLSearchParams(searchParams),
  })
}
