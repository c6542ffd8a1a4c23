// What the workspace file may say, and what its reader answers to mistakes.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { readWorkspaceFile } from '../../server/src/app/workspace/read-workspace-file.ts'
import { APP_SCOPES } from '../../server/src/auth/scopes.ts'
import { Fault } from '../../server/src/core/fault.ts'
import { WORKSPACE_LIMITS as LIMITS } from '../../server/src/workspace/limits.ts'
import { filesBelow, filesNamed } from '../architecture/source-files.ts'
import { ALICE, DEMO_FILE } from './auth-server.ts'

const DEMO = readFileSync(DEMO_FILE, 'utf8')

const SCHEMA = JSON.parse(filesNamed(['docs/workspace.schema.json'])[0]!.text)

type Told = {
  line: number
  column: number
  at: string
  message: string
  accepted?: string
  tenant: string | null
}

function told(text: string): { readonly errors: readonly Told[]; readonly more: number } {
  try {
    readWorkspaceFile({ text, variables: {} })
  } catch (error) {
    assert.ok(error instanceof Fault, String(error))
    assert.deepEqual([error.code, error.status], ['INVALID_WORKSPACE', 400])
    return error.data as never
  }
  return { errors: [], more: 0 }
}

function mistakes(text: string): string[] {
  return told(text).errors.map(({ line, column, at, message, accepted }) =>
    `${line}:${column} ${at} ${message}${accepted === undefined ? '' : ` (${accepted})`}`.replace(/ +/g, ' '),
  )
}

describe('the workspace file', () => {
  it('of the demo is what the design says, and every room can read its part', () => {
    const read = readWorkspaceFile({ text: DEMO, variables: { PUBLIC_URL: 'http://127.0.0.1:7700' } })
    assert.equal(read.length, 1)
    const { people: wanted, automations: declared, notifications, calendars } = read[0]!
    assert.deepEqual([wanted.tenant.name, wanted.tenant.sandbox], ['Contoso', true])
    assert.deepEqual(
      wanted.persons.map(person => person.upn),
      ['alice', 'bob', 'carol', 'dana'].map(name => `${name}@contoso.example`),
    )
    assert.equal(wanted.persons[0]!.id, ALICE, 'fixed ids')
    assert.equal(wanted.teams[0]!.members.length, 2)
    assert.equal(calendars[0]!.user, 'alice@contoso.example')
    const { triggers, automations } = declared
    assert.deepEqual(
      triggers.map(trigger => [trigger.triggerKey, trigger.scheduleField]),
      [
        ['my_trigger', null],
        ['form_submitted', null],
        ['invoice_due', null],
        ['appointment_starting', 'startsAt'],
      ],
    )
    for (const { triggerKey } of triggers) {
      const { program } = automations.find(automation => automation.triggerKey === triggerKey)!
      const kinds = program.steps.map(step => step.do)
      for (const kind of ['mail', 'webhook', 'delay'] as const)
        assert.ok(kinds.includes(kind), `${triggerKey} ${kind}`)
    }
    assert.equal(notifications.templates[0]!.uniqueName, 'msdyn_chat_incoming_unauthenticated')
    assert.equal(notifications.channels[0]!.address, 'demo:softphone')
  })

  it('names every mistake of every section at once, with line and column, tenant, and what would be taken', () => {
    const file = `tenants:
  - id: contoso
    name: Contoso
    domains: [contoso.example]
    colour: blue
    webhooks: { allow: [10.1.0.0/16, "not a host"] }
    users:
      - upn: alice
        name: Alice
        roles: [admin, opertor]
      - name: Bob
      - { upn: carol@contoso.example, name: Carol, mail: "carol at home" }
    groups:
      - { name: all, members: [carol@contoso.exmaple] }
    apps:
      - name: shop
        scopes: [Calendars.Raed, Mail.Read]
        redirectUris: [nowhere]
    calendars:
      - { user: nobody@contoso.example }
    triggers:
      - { app: shop, key: bought, tilte: Bought }
      - { app: shopp, key: sold }
    automations:
      - name: Thank
        app: shop
        trigger: bougth
        before: soon
        actions:
          - mail: { to: not an address, subject: "Hello {{name", text: x }
          - webhook: { url: "http://10.2.0.1/in", type: a b }
          - webhook: { url: "http://localhost/in", type: a }
          - webhook: { url: "http://10.1.0.1/in", type: fine }
          - webhook: { url: "ftp://hooks.example/in", type: a }
          - delay: 3 fortnights
          - mial: {}
          - if: { field: a b, equals: 1, then: [{ delay: 0 days }] }
    templates:
      - { uniqueName: ring, title: "", timeoutSeconds: 501, theme: drak }
    channels:
      - { uniqueName: phone, address: phone, agents: [dana@contoso.example, dana] }
`
    assert.deepEqual(mistakes(file), [
      '5:5 tenants[0].colour is not known here (id, name, domains, sandbox, consumers, issuer, webhooks, rateLimits, retries, users, groups, apps, calendars, triggers, automations, templates, channels)',
      '6:38 tenants[0].webhooks.allow[1] allows nothing (host, host:port, an address, or a network such as 10.1.0.0/16)',
      '8:14 tenants[0].users[0].upn is not a mail address (an address such as bob@contoso.example)',
      '10:24 tenants[0].users[0].roles[1] is not known; did you mean operator? (one of admin, operator, agent, member)',
      '11:9 tenants[0].users[1] upn is missing',
      '12:58 tenants[0].users[2].mail is not a mail address (an address such as bob@contoso.example)',
      '14:32 tenants[0].groups[0].members[0] names nobody of the tenant: carol@contoso.exmaple; did you mean carol@contoso.example?',
      `17:18 tenants[0].apps[0].scopes[0] is not known; did you mean Calendars.Read? (one of ${APP_SCOPES.join(', ')})`,
      '18:24 tenants[0].apps[0].redirectUris[0] is not an address of the web (https://…)',
      '20:17 tenants[0].calendars[0].user names nobody of the tenant: nobody@contoso.example',
      '22:35 tenants[0].triggers[0].tilte is not known here; did you mean title? (app, key, title, schedule)',
      '23:16 tenants[0].triggers[1].app there is no app "shopp"; did you mean shop?',
      '27:18 tenants[0].automations[0].trigger shop has no trigger "bougth"; did you mean bought?',
      '28:17 tenants[0].automations[0].before is no time to start earlier ("30 minutes", "1 day")',
      '30:25 tenants[0].automations[0].actions[0].mail.to is not a mail address (an address such as bob@contoso.example, or one made of {{field}}s)',
      '30:50 tenants[0].automations[0].actions[0].mail.subject has "{{name" ({{field}} or {{ var("field") }} between braces)',
      `31:29 tenants[0].automations[0].actions[1].webhook.url could never be called: 10.2.0.1 is not on the public internet (private) (a public host, or one of the tenant's webhooks.allow)`,
      '31:57 tenants[0].automations[0].actions[1].webhook.type is not as it has to be (1 to 100 letters, digits, dots, dashes or underscores)',
      `32:29 tenants[0].automations[0].actions[2].webhook.url could never be called: localhost is not on the public internet (loopback) (a public host, or one of the tenant's webhooks.allow)`,
      '34:29 tenants[0].automations[0].actions[4].webhook.url must be an http or https address (https://host/path)',
      '35:20 tenants[0].automations[0].actions[5].delay is no time to wait ("30 minutes", "3 days", "1 month", within Wix\'s bounds)',
      '36:13 tenants[0].automations[0].actions[6] has an unknown action "mial"; did you mean mail? (one of mail, webhook, delay, if)',
      '37:26 tenants[0].automations[0].actions[7].if.field is not as it has to be (the name of a payload field, or two with a dot)',
      '37:58 tenants[0].automations[0].actions[7].if.then[0].delay is no time to wait ("30 minutes", "3 days", "1 month", within Wix\'s bounds)',
      "39:23 tenants[0].templates[0].uniqueName is not as it has to be (a publisher's prefix, _ and a name: contoso_incoming_call)",
      '39:36 tenants[0].templates[0].title must not be empty',
      '39:56 tenants[0].templates[0].timeoutSeconds must be a whole number from 0 to 500',
      '39:68 tenants[0].templates[0].theme is not known; did you mean dark? (one of dark, light)',
      '41:39 tenants[0].channels[0].address is not an address of the web (https://… or demo:softphone)',
      '41:55 tenants[0].channels[0].agents[0] names nobody of the tenant: dana@contoso.example',
      '41:77 tenants[0].channels[0].agents[1] names nobody of the tenant: dana',
      '41:77 tenants[0].channels[0].agents[1] is not a userPrincipalName (an address such as bob@contoso.example)',
    ])
    assert.ok(told(file).errors.every(({ tenant }) => tenant === 'contoso'))
  })

  it('is refused for what a schema cannot see', () => {
    const file = `tenants:
  - id: a
    name: A
    domains: [a.example]
    users:
      - { upn: x@a.example, name: X }
      - { upn: X@a.example, name: X again }
      - { upn: y@b.example, name: Y }
      - { upn: z@a.example, name: Z, id: ${ALICE} }
      - { upn: w@a.example, name: W, id: ${ALICE.toUpperCase()} }
    groups:
      - { name: g, members: [v@a.example] }
      - { name: a b }
    apps:
      - { name: one, sites: [{ name: s }, { name: S }] }
      - { name: One }
    calendars: [{ user: v@a.example }]
  - { id: a, name: Again, domains: [a.example] }
`
    assert.deepEqual(mistakes(file), [
      '7:16 tenants[0].users[1].upn is there twice: X@a.example',
      '8:16 tenants[0].users[2].upn must be in a domain of the tenant (one of a.example)',
      `10:42 tenants[0].users[4].id is there twice: ${ALICE}`,
      '12:30 tenants[0].groups[0].members[0] names nobody of the tenant: v@a.example; did you mean X@a.example?',
      '13:9 tenants[0].groups[1] needs a mail: none can be made of its name (mail: …)',
      '15:51 tenants[0].apps[0].sites[1].name is there twice: S',
      '16:17 tenants[0].apps[1].name is there twice: One',
      '17:25 tenants[0].calendars[0].user names nobody of the tenant: v@a.example; did you mean X@a.example?',
      '18:11 tenants[1].id is there twice: a',
      '18:37 tenants[1].domains[0] is there twice: a.example',
    ])
  })

  it('with more than a hundred mistakes names the first hundred, and how many more there are', () => {
    const users = Array.from({ length: 150 }, (_, i) => `{ upn: u${i}@b.example, name: U }`)
    const { errors, more } = told(
      `tenants: [{ id: a, name: A, domains: [a.example], users: [\n ${users.join(',\n ')}] }]`,
    )
    assert.deepEqual([errors.length, more], [100, 50])
    assert.deepEqual([errors[0]!.line, errors[99]!.line], [2, 101])
  })

  it('is refused when it is no YAML, has a key twice, a custom tag, a bomb of aliases, or what cannot be kept', () => {
    assert.match(mistakes('tenants: [')[0]!, /^1:11 /)
    assert.match(mistakes('tenants: [\n}')[0]!, /^2:1 YAML: /)
    assert.deepEqual(mistakes('tenants: []\ntenants: []'), [
      '1:10 tenants must not be empty',
      '2:1 tenants is there twice',
    ])
    assert.match(mistakes('tenants: !!js/function "x"')[0]!, /tag/i)
    const bomb = [
      'a0: &a0 [x]',
      ...Array.from(
        { length: 12 },
        (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`,
      ),
    ]
    assert.match(mistakes(bomb.join('\n'))[0]!, /is one alias too many: 100 may be used/)
    assert.deepEqual(mistakes('tenants: [*a]')[0], '1:11 tenants[0] names no anchor: a')
    assert.deepEqual(mistakes('{ : x, tenants: [~] }'), [
      '1:2 is not known here (tenants)',
      '1:18 tenants[0] must be an object',
    ])
    assert.match(mistakes('tenants: []\n---\ntenants: []')[0]!, /YAML: .*multiple documents/)
    for (const value of ['2031-02-29', '!!binary aGVsbG8='])
      assert.equal(
        mistakes(`%YAML 1.1\n---\ntenants: [{ id: a, name: ${value}, domains: [] }]`).length,
        2,
        'what is no JSON: of another type, and no text',
      )
    assert.match(mistakes('tenants: &a [*a]')[0]!, /nested too deeply|one alias too many|YAML/)
    assert.match(
      mistakes('tenants: [{ id: a, name: "\\0", domains: [] }]').join('\n'),
      /name holds characters that cannot be kept/,
    )
    assert.match(mistakes(`tenants: ${'['.repeat(200)}${']'.repeat(200)}`)[0]!, /nested too deeply/)
    assert.match(mistakes(' '.repeat(1_000_001))[0]!, /longer than/)
    assert.match(mistakes('')[0]!, /must be an object/)
    assert.match(mistakes('[]')[0]!, /must be an object/)
    assert.match(mistakes('{ 1: x, ? [a] : y }')[0]!, /YAML/)
    assert.match(
      mistakes('__proto__: { tenants: [] }\ntenants: []').join('\n'),
      /__proto__ is not known here/,
    )
  })

  it('cannot mark a tenant as the demo, nor give an app the scope of the server', () => {
    const [found] = mistakes('tenants: [{ id: a, name: A, domains: [], demo: true }]')
    assert.match(found!, /demo is not known here/)
    const file = 'tenants: [{ id: a, name: A, domains: [], apps: [{ name: x, scopes: [standdown.server] }] }]'
    assert.match(mistakes(file)[0]!, /scopes\[0\] is not known/)
  })

  it('takes every scope that an API looks for, and the schema that editors use names the same', () => {
    const named = filesBelow('server/src', ['.ts']).flatMap(({ text }) => [
      ...text.matchAll(/'(SCOPE\.[A-Z._-]+|[A-Z][A-Za-z]+\.(?:Read|ReadWrite|ReadBasic)(?:\.[A-Za-z]+)*)'/g),
    ])
    assert.deepEqual([...new Set(named.map(([, scope]) => scope!))].sort(), [...APP_SCOPES].sort())
    assert.deepEqual(SCHEMA.definitions.app.properties.scopes.items.enum, APP_SCOPES)
  })

  it('may hold what the docs say', () => {
    const [docs] = filesNamed(['docs/workspace.md'])
    const said = docs!.text.replace(/\s+/g, ' ').split('One file may hold')[1]!.split('; each tenant')[0]!
    for (const [what, most] of Object.entries(LIMITS))
      assert.ok(new RegExp(`\\b${most.toLocaleString('en-US')}\\b`).test(said), `${most} ${what}`)
    const { properties } = SCHEMA.definitions.tenant
    assert.equal(SCHEMA.properties.tenants.maxItems, LIMITS.tenants)
    for (const what of ['users', 'groups', 'apps', 'calendars'] as const)
      assert.equal(properties[what].maxItems, LIMITS[what], what)
  })

  it('is described to editors as the rooms read it', () => {
    const { definitions } = SCHEMA
    const known = (section: string, entry: object) => {
      const file = { tenants: [{ id: 'a', name: 'A', domains: [], [section]: [{ ...entry, unheard: 1 }] }] }
      const [found] = told(JSON.stringify(file)).errors.filter(({ at }) => at.endsWith('.unheard'))
      return found!.accepted!.split(', ').sort()
    }
    for (const [section, name] of [
      ['triggers', 'trigger'],
      ['automations', 'automation'],
      ['templates', 'template'],
      ['channels', 'channel'],
      ['users', 'user'],
    ] as const)
      assert.deepEqual(known(section, {}), Object.keys(definitions[name].properties).sort(), section)
    for (const kind of ['mail', 'webhook', 'if'] as const) {
      const action = { [kind]: { unheard: 1 } }
      const file = {
        tenants: [
          {
            id: 'a',
            name: 'A',
            domains: [],
            apps: [{ name: 'x' }],
            triggers: [{ app: 'x', key: 'k' }],
            automations: [{ name: 'n', app: 'x', trigger: 'k', actions: [action] }],
          },
        ],
      }
      const [found] = told(JSON.stringify(file)).errors.filter(({ at }) => at.endsWith('.unheard'))
      const wanted = Object.keys(definitions.action.properties[kind].properties)
      assert.deepEqual(found!.accepted!.split(', ').sort(), wanted.sort(), kind)
    }
  })
})
