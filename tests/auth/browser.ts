/** A browser, as far as a sign-in needs one: it keeps cookies and follows nothing by itself. */
export class Browser {
  readonly jar = new Map<string, string>()

  async go(
    url: string,
    options: { form?: Record<string, string>; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, {
      method: options.form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie, ...(options.form ? { origin: new URL(url).origin } : {}), ...options.headers },
      ...(options.form ? { body: new URLSearchParams(options.form) } : {}),
    })
    for (const set of answer.headers.getSetCookie()) {
      const [pair] = set.split(';')
      const [name, ...value] = pair!.split('=')
      if (value.join('=') === '') this.jar.delete(name!)
      else this.jar.set(name!, value.join('='))
    }
    return answer
  }

  /** Follows redirects of `base` until one leads elsewhere or a page comes. */
  async follow(base: string, url: string): Promise<{ url: string; answer: Response | null }> {
    let at = url
    for (let i = 0; i < 10; i++) {
      if (!at.startsWith(base)) return { url: at, answer: null }
      const answer = await this.go(at)
      const location = answer.headers.get('location')
      if (location === null) return { url: at, answer }
      at = new URL(location, at).href
    }
    throw new Error('too many redirects')
  }
}
