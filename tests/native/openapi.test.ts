// The description of the native API and what runs are one: each route is in it, and nothing else is.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { routesOf } from '../isolation/routes.ts'
import { testServer } from '../support/server.ts'

type Operation = {
  readonly summary?: string
  readonly parameters: readonly { readonly name: string; readonly in: string }[]
  readonly responses: { readonly [status: string]: unknown }
}

test('openapi.json describes each native route, and nothing that is not there', async () => {
  await using server = await testServer()
  const description = (await (await fetch(`${server.url}/api/v1/openapi.json`)).json()) as {
    paths: { [path: string]: { [method: string]: Operation } }
    components: { schemas: object }
  }
  const described = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
  )
  // What stands below notifications/ is the third API, which docs/notifications.md describes.
  const routes = routesOf(server.server.http)
    .filter(route => / \/api\/v1\/(?!notifications\/|\*)/.test(route))
    .map(route => route.replace(/:(\w+)/g, '{$1}'))
  assert.ok(routes.length > 25, routes.join())
  assert.deepEqual(described.sort(), routes.sort())

  const known = Object.keys(description.components.schemas)
  for (const [, name] of JSON.stringify(description).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
    assert.ok(known.includes(name!), `${name} is described`)
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, { summary, parameters, responses }] of Object.entries(methods)) {
      assert.ok(summary, `${method} ${path} has a summary`)
      assert.deepEqual(
        parameters.filter(parameter => parameter.in === 'path').map(parameter => parameter.name),
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
        `${method} ${path}: its parameters`,
      )
      assert.ok(
        Object.keys(responses).some(status => status.startsWith('2')),
        `${method} ${path}: an answer`,
      )
    }
  }
})
