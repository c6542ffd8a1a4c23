// A process that makes the noise: what its own work costs must not stand in the times of who is measured. It is told where by its
// argument, tells its parent what there is of it, and ends when its parent lets it go.

import { type Ask, makeNoise, type Seen } from './noise.ts'

const { url, token } = JSON.parse(process.argv[2] as string) as { url: string; token: string }
const ask: Ask = (path, token, body) =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const noise = await makeNoise({
  url,
  ask,
  tokenOf: async upn => {
    const answer = await ask('/api/v1/tokens', token, { tenant: 'noisy', user: upn })
    return ((await answer.json()) as { token: string }).token
  },
})
const tell = (seen: Seen) => process.send?.(seen)
setInterval(() => tell(noise.seen), 50)
process.once('disconnect', () => process.exit())
