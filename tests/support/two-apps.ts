// A tenant with two apps that use the same names on purpose: each at sites of its own with a trigger, each the provider of a
// channel; an operator, agents, and a member who is nothing more.

import assert from 'node:assert/strict'
import type { TestServer } from './server.ts'

export const ACME = 'acme'
const SCOPES =
  'SCOPE.DC.MANAGE-YOUR-APP, SCOPE.CRM.SETUP-AUTOMATIONS, Notifications.ReadWrite, Events.ReadWrite, Receipts.Read'

/** `sites` of an app; an app that is left out has left the workspace file. */
export type Apps = { readonly [app: string]: readonly string[] }

const TWO: Apps = { shop: ['Shop north', 'Shop south'], rival: ['Rival'] }

export function acme(apps: Apps = TWO, agents: readonly string[] = ['ann', 'ben']): string {
  const names = Object.keys(apps)
  return `
tenants:
  - id: ${ACME}
    name: Acme
    domains: [acme.example]
    sandbox: true
    users:
      - { upn: olga@acme.example, name: Olga, roles: [operator] }
      - { upn: max@acme.example, name: Max }
${agents.map(name => `      - { upn: ${name}@acme.example, name: ${name}, roles: [agent] }`).join('\n')}
    apps: [${names.map(app => `{ name: ${app}, scopes: [${SCOPES}], sites: [${(apps[app] ?? []).map(site => `{ name: ${site} }`).join(', ')}] }`).join(', ')}]
    triggers: [${names.map(app => `{ app: ${app}, key: due, title: Due }`).join(', ')}]
    automations: [${names.map(app => `{ name: Dun, app: ${app}, trigger: due, actions: [{ delay: 3 days }, { mail: { to: max@acme.example, subject: Due, text: Pay. } }] }`).join(', ')}]
    templates: [{ uniqueName: acme_call, title: A call, timeoutSeconds: 500 }]
    channels: [${names.map(app => `{ uniqueName: ${app}_phone, address: 'https://${app}.example/', app: ${app} }`).join(', ')}]
`
}

export type Answer = {
  readonly status: number
  readonly body: ReturnType<typeof JSON.parse>
  readonly receipts: readonly string[]
}

export type Acme = {
  /** The workspace file as it now is. */
  apply(apps?: Apps, agents?: readonly string[]): Promise<void>
  token(
    whose: { readonly person: string } | { readonly app: string; readonly site?: string },
  ): Promise<string>
  call(
    token: string,
    path: string,
    body?: unknown,
    headers?: { readonly [name: string]: string },
  ): Promise<Answer>
}

export async function acmeOn(server: TestServer): Promise<Acme> {
  const apply: Acme['apply'] = async (apps, agents) => {
    await server.server.workspace.apply(acme(apps, agents), {
      apply: true,
      prune: true,
      pending: 'keep',
    })
  }
  await apply()
  return {
    apply,
    async token(whose) {
      const { auth } = server.server
      if ('person' in whose)
        return (await auth.mintToken({ tenant: ACME, for: { person: `${whose.person}@acme.example` } })).token
      const sites = await auth.directory.instances(ACME)
      const instanceId = sites.find(site => site.name === whose.site)?.id
      const app = { app: whose.app, ...(instanceId === undefined ? {} : { instanceId }) }
      return (await auth.mintToken({ tenant: ACME, for: app })).token
    },
    async call(token, path, body, headers = {}) {
      const response = await fetch(`${server.url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...headers,
          authorization: path.startsWith('/automations') ? token : `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      assert.ok(response.status < 500, `${path}: ${response.status}`)
      const text = await response.text()
      const receipts = response.headers.get('standdown-receipt')?.split(', ') ?? []
      return { status: response.status, body: text === '' ? null : JSON.parse(text), receipts }
    },
  }
}
