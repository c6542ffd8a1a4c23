// The lane is the receiver, however it is written.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { webhookLane } from '../../server/src/core/effects/lane.ts'

test('one receiver has one lane, whatever way its URL is written', () => {
  const spellings = [
    'https://hooks.example',
    'https://Hooks.EXAMPLE/a?b#c',
    'https://hooks.example:443/',
    'https://hooks.example./x',
    'https://HOOKS.example.:443/x',
    'https://user@hooks.example/',
    'http://hooks.example:443/',
    'https://hooks。example/',
  ]
  for (const url of spellings) assert.equal(webhookLane(url), 'hooks.example:443', url)
})

test('other ports, other hosts and addresses are lanes of their own; what is no URL has the empty one', () => {
  assert.equal(webhookLane('http://hooks.example/'), 'hooks.example:80')
  assert.equal(webhookLane('http://hooks.example:8080/'), 'hooks.example:8080')
  assert.equal(webhookLane('http://[::1]:8080/x'), '[::1]:8080')
  assert.equal(webhookLane('http://[0:0:0:0:0:0:0:1]:8080/x'), '[::1]:8080')
  assert.equal(webhookLane('http://0x7f.1/'), '127.0.0.1:80')
  assert.equal(webhookLane('nowhere'), '')
})
