// Errors of what operators call.

import { faults } from '../../core/fault.ts'

export const operationFault = faults({
  TENANT_NEEDED: { status: 400, message: 'There are several tenants (or none): say which one.' },
})
