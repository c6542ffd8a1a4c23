// One request to a server under test, with a body of JSON or none, and its answer.

export type JsonAnswer = {
  readonly status: number
  readonly headers: Headers
  /** The body as text. */
  readonly text: string
  /** The body as JSON; null when there is none. */
  readonly json: ReturnType<typeof JSON.parse>
}

/** `authorization`: the whole header. */
export async function jsonRequest(
  url: string,
  { method, authorization, body }: { method: string; authorization: string; body?: unknown },
): Promise<JsonAnswer> {
  const response = await fetch(url, {
    method,
    headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const { status, headers } = response
  return { status, headers, text, json: text === '' ? null : JSON.parse(text) }
}
