// Every state that a row of the version before could be in, in one database.

import { shardOfEntity } from '../../server/src/core/ids.ts'
import type { Database } from '../../server/src/store/database.ts'
import { type EventBefore, RowsBefore } from './version-before.ts'

/** Its process is gone, and so is its lease. */
export const GONE = '00000000-0000-8000-8000-00000000000d'
const HOME = shardOfEntity('contoso', 'house')
const ELSEWHERE = shardOfEntity('contoso', 'garden')

export type World = Awaited<ReturnType<typeof worldBefore>>

export async function worldBefore(db: Database) {
  const rows = new RowsBefore(db)
  await rows.insert('tenant', { id: 'contoso' })
  await rows.insert('tenant', { id: 'sand', sandbox: true, clock_offset: '3 days' })
  await rows.worker(GONE, '-1 second')
  await rows.insert('sweep', { shard: 0, after: '11111111-0000-0000-0000-000000000000' })
  await rows.insert('sweep', { shard: 7 })
  const ids = {
    pending: await pending(rows),
    running: await running(rows),
    ended: await ended(rows),
    called: await calledOff(rows),
    early: await earlyOnes(rows),
    half: await halfMarked(rows),
    acknowledged: await onlyAcknowledged(rows),
  }
  const cancellations = await db.query<{ id: string }>({
    text: 'select id from engine.cancellation order by birth',
  })
  return { ...ids, cancellations: cancellations.map(row => row.id) }
}

async function pending(rows: RowsBefore) {
  const event = await rows.event(HOME, { key: 'k-live', correlation: 'corr-1' })
  const child = await rows.event(HOME, { under: event, key: 'k-child', entity: 'garden' })
  await rows.insert('alias', {
    shard: ELSEWHERE,
    tenant: 'contoso',
    key: 'k-child',
    event_shard: HOME,
    event_id: child.id,
  })
  const sandbox = await rows.event(HOME, { tenant: 'sand' })
  return {
    event,
    child,
    plain: await rows.effect(event, { is: 'pending' }, { lane: 'example.com', next: ['Thank them'] }),
    doubted: await rows.effect(event, { is: 'pending', attempt: 3, doubt: true, error: 'cut off' }),
    later: await rows.effect(event, { is: 'pending', dueIn: '1 day' }, { keep: true }),
    wait: await rows.effect(event, { is: 'pending', dueIn: '1 hour' }, { kind: 'automations.delay' }),
    // Rescue put every kind in doubt.
    rescuedWait: await rows.effect(
      event,
      { is: 'pending', attempt: 2, doubt: true },
      { kind: 'notifications.timeout' },
    ),
    ofChild: await rows.effect(child, { is: 'pending', dueIn: '1 hour' }),
    ofSandbox: await rows.effect(sandbox, { is: 'pending', dueIn: '2 hours' }),
  }
}

async function running(rows: RowsBefore) {
  const event = await rows.event(HOME, { key: 'k-running' })
  return {
    event,
    mail: await rows.effect(event, { is: 'running', worker: GONE }),
    webhook: await rows.effect(
      event,
      { is: 'running', worker: GONE, attempt: 2, doubt: true },
      { kind: 'webhook.call' },
    ),
    timer: await rows.effect(
      event,
      { is: 'running', worker: GONE },
      { kind: 'native.delay', maxAttempts: 1 },
    ),
    offer: await rows.effect(
      event,
      { is: 'running', worker: null, evidence: { screen: 'one' } },
      { kind: 'notifications.offer' },
    ),
  }
}

async function ended(rows: RowsBefore) {
  const event = await rows.event(HOME, { key: 'k-ended' })
  return {
    event,
    done: await rows.effect(event, { is: 'ended', as: 'done', evidence: { reply: '250 ok' } }),
    skipped: await rows.effect(event, { is: 'ended', as: 'skipped' }),
    dead: await rows.effect(event, { is: 'ended', as: 'dead', attempt: 10, error: 'refused' }),
    deadWebhook: await rows.effect(
      event,
      { is: 'ended', as: 'dead', attempt: 10, error: '500' },
      { kind: 'webhook.call' },
    ),
    deadTimer: await rows.effect(event, { is: 'ended', as: 'dead', error: 'lost' }, { kind: 'native.delay' }),
    neverStarted: await rows.effect(event, { is: 'ended', as: 'superseded', attempt: 0 }),
    replaced: await rows.effect(event, { is: 'ended', as: 'superseded', attempt: 2 }),
  }
}

/** A receipt with every outcome; one that names it as the earlier; and one that is still open. */
async function calledOff(rows: RowsBefore) {
  const event = await rows.event(HOME, { title: 'Called off', key: 'k-off' })
  const child = await rows.event(HOME, { title: 'Its child', under: event })
  const kept = await rows.event(HOME, { title: 'Kept', under: event, link: 'keep' })
  const by = await rows.cancellation(HOME, {
    target_key: 'k-off',
    target_entity: 'house',
    target_kind: 'native.event',
    request_key: 'r1',
    reason: 'rain',
    correlation_id: 'corr-2',
    data: { from: 'page' },
  })
  for (const { id } of [event, child])
    await rows.db.query({ text: 'update engine.event set cancellation_id = $1 where id = $2' }, [by, id])
  const effects = {
    prevented: await rows.effect(
      event,
      { is: 'ended', as: 'prevented', attempt: 0, by },
      { next: ['Ask again'] },
    ),
    preventedLate: await rows.effect(child, { is: 'ended', as: 'prevented', attempt: 2, by, error: 'busy' }),
    wait: await rows.effect(
      event,
      { is: 'ended', as: 'prevented', attempt: 0, by },
      { kind: 'native.delay' },
    ),
    stopped: await rows.effect(event, { is: 'ended', as: 'stopped', by, evidence: { dot: false } }),
    tooLate: await rows.effect(event, { is: 'ended', as: 'too_late', by }),
    inDoubt: await rows.effect(event, { is: 'ended', as: 'in_doubt', by, evidence: { why: 'no end' } }),
    before: await rows.effect(child, { is: 'ended', as: 'done' }),
    waitBefore: await rows.effect(event, { is: 'ended', as: 'done' }, { kind: 'automations.delay' }),
    deadBefore: await rows.effect(event, { is: 'ended', as: 'dead', attempt: 10, error: 'refused' }),
    kept: await rows.effect(event, { is: 'pending', dueIn: '1 hour' }, { keep: true }),
    keptBelow: await rows.effect(kept, { is: 'pending', dueIn: '1 hour' }),
  }
  const at = new Date()
  await rows.item(by, effects.before, 'done', { ending: 'done', at, evidence: { reply: '250' } })
  await rows.item(by, effects.waitBefore, 'done', { ending: 'done', at })
  await rows.item(by, effects.deadBefore, 'done', { ending: 'dead', at, evidence: { error: 'refused' } })
  await rows.item(by, effects.kept, 'kept')
  await rows.item(by, effects.keptBelow, 'kept')
  const counts = {
    total: 11,
    prevented: 3,
    stopping: 0,
    stopped: 1,
    too_late: 1,
    done: 3,
    in_doubt: 1,
    kept: 2,
    already_cancelled: 0,
  }
  await rows.db.query({ text: 'update engine.cancellation set counts = $1 where id = $2' }, [counts, by])
  await rows.insert('receipt_note', {
    shard: HOME,
    cancellation_id: by,
    effect_id: effects.inDoubt,
    at,
    text: 'Its runner reported after the receipt was final: done',
    evidence: { reply: '250' },
  })
  const notices = [
    await rows.effect(by, { is: 'ended', as: 'done', evidence: { reply: '250' } }),
    await rows.effect(by, { is: 'ended', as: 'dead', attempt: 12, error: 'refused' }),
    await rows.effect(by, { is: 'pending', attempt: 2 }),
    await rows.effect(by, { is: 'running', worker: GONE }, { kind: 'webhook.withdraw' }),
  ]
  const again = await rows.cancellation(HOME, { target_event: event.id, caller: 'app:b' })
  for (const [name, id] of Object.entries(effects)) {
    if (name === 'kept' || name === 'keptBelow') await rows.item(again, id, 'kept')
    else if (['before', 'waitBefore', 'deadBefore'].includes(name))
      await rows.item(again, id, 'done', { ending: name === 'deadBefore' ? 'dead' : 'done', at })
    else await rows.item(again, id, 'already_cancelled', { ending: 'prevented', at, by_cancellation: by })
  }
  return { event, child, kept, by, again, effects, notices, open: await stillOpen(rows) }
}

async function stillOpen(rows: RowsBefore) {
  const event = await rows.event(HOME, { title: 'Being stopped' })
  const by = await rows.cancellation(HOME, { target_event: event.id }, '0')
  await rows.db.query({ text: 'update engine.event set cancellation_id = $1 where id = $2' }, [by, event.id])
  return {
    event,
    by,
    mail: await rows.effect(event, { is: 'running', worker: GONE, askedBy: by }),
    webhook: await rows.effect(
      event,
      { is: 'running', worker: null, attempt: 2, doubt: true, askedBy: by },
      { kind: 'webhook.call' },
    ),
    prevented: await rows.effect(event, { is: 'ended', as: 'prevented', attempt: 0, by }),
  }
}

async function earlyOnes(rows: RowsBefore) {
  const of = (key: string) => ({ target_key: key, target_entity: 'house', target_kind: 'native.event' })
  const until = new Date(Date.now() + 900_000)
  const met = await rows.cancellation(HOME, { ...of('k-met'), early_until: until, early_until_shown: until })
  const event = await rows.event(HOME, { title: 'Met', key: 'k-met', calledOffBy: met })
  const waits = await rows.cancellation(
    HOME,
    { ...of('k-early'), early_until: until, early_until_shown: until },
    '1 second',
  )
  return { met, event, waits }
}

/** Its events are all marked; of its effects those of the first event and the first one of the second are written down. */
async function halfMarked(rows: RowsBefore) {
  const root = await rows.event(HOME, { title: 'Root', key: 'k-half' })
  const first = await rows.event(HOME, { title: 'First', under: root })
  const second = await rows.event(HOME, { title: 'Second', under: first })
  const kept = await rows.event(HOME, { title: 'Kept below', under: root, link: 'keep' })
  const before = await rows.event(HOME, { title: 'Called off before', under: root })
  const earlier = await rows.cancellation(HOME, { target_event: before.id, caller: 'app:c' })
  await rows.db.query({ text: 'update engine.event set cancellation_id = $1 where id = $2' }, [
    earlier,
    before.id,
  ])
  const ofBefore = await rows.effect(before, { is: 'ended', as: 'prevented', attempt: 0, by: earlier })
  const by = await rows.cancellation(HOME, { target_event: root.id, open: true, marked: 5 }, '5 seconds')
  for (const { id } of [root, first, second])
    await rows.db.query({ text: 'update engine.event set cancellation_id = $1 where id = $2' }, [by, id])
  const effects = {
    rootPrevented: await rows.effect(root, { is: 'ended', as: 'prevented', attempt: 0, by }),
    rootAsked: await rows.effect(root, { is: 'running', worker: GONE, askedBy: by }),
    rootDone: await rows.effect(root, { is: 'ended', as: 'done' }),
    rootKept: await rows.effect(root, { is: 'pending', dueIn: '1 hour' }, { keep: true }),
    firstPrevented: await rows.effect(first, { is: 'ended', as: 'prevented', attempt: 0, by }),
    firstPending: await rows.effect(first, { is: 'pending' }),
    firstRunning: await rows.effect(first, { is: 'running', worker: GONE }),
    secondPending: await rows.effect(second, { is: 'pending', dueIn: '1 hour' }),
    secondDoubted: await rows.effect(second, { is: 'pending', attempt: 2, doubt: true }),
    keptPending: await rows.effect(kept, { is: 'pending', dueIn: '1 hour' }),
    ofBefore,
  }
  await rows.item(by, effects.rootDone, 'done', { ending: 'done', at: new Date(Date.now() - 3_600_000) })
  await rows.item(by, effects.rootKept, 'kept')
  await rows.item(by, effects.keptPending, 'kept')
  await rows.item(by, ofBefore, 'already_cancelled', {
    ending: 'prevented',
    at: new Date(),
    by_cancellation: earlier,
  })
  const births = await rows.db.query<{ id: string; birth: number }>(
    { text: 'select id, birth from engine.event where id = any ($1)' },
    [[first.id, second.id]],
  )
  const birthOf = (event: EventBefore) => births.find(row => row.id === event.id)?.birth ?? 0
  await rows.insert('open_cancellation', {
    shard: HOME,
    cancellation_id: by,
    home: HOME,
    tenant: 'contoso',
    target_event: root.id,
    birth_limit: birthOf(second) + 1000,
    children_after: birthOf(second),
    effects_event: birthOf(first),
    effects_after: effects.firstPrevented,
  })
  return { root, second, by, earlier, effects }
}

/** By key, acknowledged a moment ago: nothing is marked yet. */
async function onlyAcknowledged(rows: RowsBefore) {
  const event = await rows.event(ELSEWHERE, { key: 'k-huge', entity: 'garden' })
  const root = await rows.event(HOME, { title: 'Not called off' })
  const child = await rows.event(HOME, { under: root, key: 'k-huge', entity: 'garden' })
  const alias = { shard: ELSEWHERE, tenant: 'contoso', key: 'k-huge', event_shard: HOME, event_id: child.id }
  await rows.insert('alias', alias)
  const by = await rows.cancellation(
    ELSEWHERE,
    { target_key: 'k-huge', target_entity: 'garden', target_kind: 'native.event', open: true },
    '1 second',
  )
  const [last] = await rows.db.query<{ birth: number }>({ text: `select nextval('engine.birth') as birth` })
  for (const shard of [ELSEWHERE, HOME])
    await rows.insert('open_cancellation', {
      shard,
      cancellation_id: by,
      home: ELSEWHERE,
      tenant: 'contoso',
      target_key: 'k-huge',
      target_entity: 'garden',
      birth_limit: last?.birth ?? 0,
    })
  return {
    by,
    event,
    child,
    mine: await rows.effect(event, { is: 'pending' }),
    ofChild: await rows.effect(child, { is: 'pending' }),
    ofRoot: await rows.effect(root, { is: 'pending' }),
  }
}
