// People and groups of the tenant.

import { graphFault } from '../faults.ts'
import type { GraphRequest, GraphResponse } from '../graph-request.ts'
import type { Query } from '../query.ts'
import { list, one, paged, type Resources, scopeOf } from '../resource.ts'
import { writeGroup, writeUser } from '../write-person.ts'

const NEED = 'directory.read'

export const people: Resources = {
  me: { GET: { summary: 'Who is signed in.', need: NEED, query: 'one', run: me } },
  users: { GET: { summary: 'The people of the tenant.', need: NEED, query: 'list', run: users } },
  user: { GET: { summary: 'A person.', need: NEED, query: 'one', run: user } },
  groups: { GET: { summary: 'The groups of the tenant.', need: NEED, query: 'list', run: groups } },
  group: { GET: { summary: 'A group.', need: NEED, query: 'one', run: group } },
  joinedGroups: {
    GET: { summary: 'The groups that one is a member of.', need: NEED, query: 'list', run: joinedGroups },
  },
}

async function me(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const { mailbox } = await scopeOf(request)
  return await userById(request, query, mailbox.id)
}

async function user(request: GraphRequest, query: Query): Promise<GraphResponse> {
  return await userById(request, query, request.steps.at(-1)?.key ?? '')
}

async function userById(request: GraphRequest, query: Query, id: string): Promise<GraphResponse> {
  const found = await request.needs.directory.user(request.principal.tenant, id)
  if (!found) throw graphFault.Request_ResourceNotFound({ id: id.slice(0, 200) })
  return one(request, query, { context: 'users', value: writeUser(found) })
}

async function users(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const found = await request.needs.directory.users(request.principal.tenant)
  return list(request, query, { context: 'users', values: paged(found, query).map(writeUser) })
}

async function groups(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const found = await request.needs.directory.groups(request.principal.tenant)
  return list(request, query, { context: 'groups', values: paged(found, query).map(writeGroup) })
}

async function group(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const id = request.steps.at(-1)?.key ?? ''
  const found = await request.needs.directory.group(request.principal.tenant, id)
  if (!found) throw graphFault.Request_ResourceNotFound({ id: id.slice(0, 200) })
  return one(request, query, { context: 'groups', value: writeGroup(found) })
}

async function joinedGroups(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const { mailbox } = await scopeOf(request)
  const found = await request.needs.directory.groupsOf(request.principal.tenant, mailbox.id)
  return list(request, query, { context: 'groups', values: paged(found, query).map(writeGroup) })
}
