// The settled hook of activations: when an action has ended, the next one is announced, in the same commit. The engine calls
// it only while the activation is live, so a cancelled activation never has a next action (I3).

import { AUTOMATIONS_DELAY } from '../core/effects/effect-kinds.ts'
import { shardOfId } from '../core/ids.ts'
import type { Domain, NextSteps, Settled } from '../engine/domain.ts'
import { ACTION_EFFECTS } from './actions/action-kinds.ts'
import { ACTIVATION_KIND } from './activations/activation-key.ts'
import { type Flow, flowIn, nextSteps } from './activations/next-step.ts'
import { type ProgramCache, programName } from './activations/program-cache.ts'
import { sql } from './statements.ts'

type Ended = Settled & { readonly flow: Flow }

export function activationDomain(programs: ProgramCache): Domain {
  return {
    eventKind: ACTIVATION_KIND,
    wantsSettled: kind => ACTION_EFFECTS.has(kind),
    async settled(tx, settled) {
      const following = new Map<string, NextSteps>()
      const ended = settled.flatMap((s): Ended[] => {
        const flow = flowIn(s.effect.data)
        return flow ? [{ ...s, flow }] : []
      })
      if (ended.length === 0) return following
      const passed = await passedBefore(tx, ended)
      const live = ended.filter(s => !passed.has(s.effect.id))
      const loaded = await programs.load(
        tx,
        live.map(s => ({ tenant: s.effect.tenant, ...s.flow })),
      )
      for (const s of live) {
        const program = loaded.get(programName({ tenant: s.effect.tenant, ...s.flow }))
        if (!program) throw new Error(`automation ${s.flow.automationId} has no revision ${s.flow.revision}`)
        const next = nextSteps(s, program)
        if (next) following.set(s.effect.id, next)
      }
      const dead = live.filter(s => s.ending === 'dead').map(s => s.effect.id)
      if (dead.length > 0) await tx.query(sql('note-passed'), [dead.map(shardOfId), dead])
      return following
    },
    async swept(tx, { effectIds }) {
      await tx.query(sql('drop-passed'), [effectIds.map(shardOfId), effectIds])
    },
  }
}

/** The steps that had ended dead once and were then retried by hand: what follows them was announced then. A delay cannot die, so it
 * is left out. */
async function passedBefore(tx: Parameters<NonNullable<Domain['settled']>>[0], ended: readonly Ended[]) {
  const ids = ended.filter(s => s.effect.kind !== AUTOMATIONS_DELAY).map(s => s.effect.id)
  if (ids.length === 0) return new Set<string>()
  const rows = await tx.query<{ effect_id: string }>(sql('find-passed'), [ids.map(shardOfId), ids])
  return new Set(rows.map(row => row.effect_id))
}
