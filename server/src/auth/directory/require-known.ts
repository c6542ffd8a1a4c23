// Looks up a person or an app that the caller named, and refuses a name that is not known.

import { authFault } from '../faults.ts'
import type { App, Directory, Person } from './directory.ts'

/** @throws Fault UNKNOWN_PERSON */
export async function requirePerson(directory: Directory, tenant: string, idOrUpn: string): Promise<Person> {
  const person = await directory.user(tenant, idOrUpn)
  if (!person) throw authFault.UNKNOWN_PERSON({ tenant, person: idOrUpn })
  return person
}

/** @throws Fault UNKNOWN_APP */
export async function requireApp(directory: Directory, tenant: string, idOrName: string): Promise<App> {
  const app = await directory.app(tenant, idOrName)
  if (!app) throw authFault.UNKNOWN_APP({ tenant, app: idOrName })
  return app
}
