import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyOf, nameOfKey } from '../../../server/src/apis/native/access.ts'
import { activationKey } from '../../../server/src/automations/activations/activation-key.ts'
import { tokenKey } from '../../../server/src/notifications/offer.ts'
import { principalOf } from '../native-server.ts'

const GUID = '16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c'

test('a receipt shows the name that the caller gave, whatever API it came by', () => {
  for (const name of ['plain', 'with:colons', 'wix:a:b:c:d', '']) {
    for (const who of ['alice', 'shop']) assert.equal(nameOfKey(keyOf(principalOf(who), name)), name)
    const trigger = activationKey({ appId: GUID, site: GUID, triggerKey: name, externalEntityId: GUID })
    assert.equal(nameOfKey(trigger), name)
    assert.equal(nameOfKey(tokenKey('phone', GUID, name)), name)
  }
  assert.equal(nameOfKey(null), null)
})

test('apps have names of their own, and the people of a tenant share theirs', () => {
  assert.notEqual(keyOf(principalOf('shop'), 'k'), keyOf(principalOf('rival'), 'k'))
  assert.notEqual(keyOf(principalOf('shop'), 'k'), keyOf(principalOf('alice'), 'k'))
  assert.equal(keyOf(principalOf('alice'), 'k'), keyOf(principalOf('olga'), 'k'))
})
