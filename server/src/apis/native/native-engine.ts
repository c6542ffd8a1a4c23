// The part of the engine that the native API uses. It stands apart from needs.ts, so that the finders, which needs.ts names, can import it.

import type { Engine } from '../../engine/engine.ts'

export type NativeEngine = Pick<
  Engine,
  | 'announce'
  | 'revise'
  | 'cancel'
  | 'known'
  | 'preview'
  | 'event'
  | 'lists'
  | 'receipt'
  | 'findReceipts'
  | 'now'
  | 'dead'
  | 'retry'
  | 'retrySome'
  | 'replace'
  | 'advanceClock'
  | 'hold'
  | 'heldCounts'
  | 'listHeld'
  | 'release'
  | 'releaseTenant'
  | 'releaseAll'
  | 'dropHeld'
  | 'claimRequestKey'
  | 'answerRequestKey'
  | 'tenantQueue'
>

export type Tx = Parameters<Engine['announce']>[0]
